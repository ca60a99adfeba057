"""`megaql completion`: the script that makes a shell complete megaql's command lines."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption


class Shell(StrEnum):
    """The shells there are scripts for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_BASH: Final = r"""# bash completion for megaql: eval "$(megaql completion bash)"
_megaql() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files) compopt -o default 2>/dev/null ;;
            :open) compopt -o nospace 2>/dev/null ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -F _megaql megaql
"""

_ZSH: Final = r"""#compdef megaql
# zsh completion for megaql: eval "$(megaql completion zsh)", after compinit
_megaql() {
    # An open quote is closed before the word is taken out of its quotes.
    local line files=0 now=${(Q)${:-$QIPREFIX$PREFIX$QIPREFIX}}
    local -a names shown after
    for line in "${(@f)$("${(Q)words[1]}" __complete zsh "${(@Q)words[2,CURRENT-1]}" "$now" 2>/dev/null)}"; do
        case $line in
            :files) files=1 ;;
            :open) after=(-S '') ;;
            ?*) names+=("${line%%$'\t'*}"); shown+=("${line/$'\t'/  }") ;;
        esac
    done
    (( $#names )) && compadd -l "${after[@]}" -d shown -a names
    (( files )) && _files
    return 0
}
compdef _megaql megaql
"""

_FISH: Final = r"""# fish completion for megaql: megaql completion fish | source
function __megaql_complete
    set -l words (commandline -opc)
    set -l now (commandline -ct)
    # An open quote is closed before the word is taken out of its quotes.
    for quote in '' "'" '"'
        if set -l plain (string unescape -- "$now$quote")
            set now $plain
            break
        end
    end
    for line in ($words[1] __complete fish $words[2..-1] "$now" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$now"
            case :open
            case '*'
                echo $line
        end
    end
end
complete -c megaql -f -a '(__megaql_complete)'
"""

SCRIPTS: Final = {Shell.BASH: _BASH, Shell.ZSH: _ZSH, Shell.FISH: _FISH}


def command(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
    color: ColorOption = Color.AUTO,
) -> int:
    """Print the script that makes a shell complete commands, options, queue names and field paths.

    Examples:
      eval "$(megaql completion bash)"     # in ~/.bashrc
      eval "$(megaql completion zsh)"      # in ~/.zshrc, after compinit
      megaql completion fish > ~/.config/fish/completions/megaql.fish

    Effect: reads. Nothing but its own text. TAB asks no queue: names of queues and paths of messages are those that earlier commands have seen, which they
    note in completion.json of the cache folder, for this user only. MEGAQL_COMPLETION=0 has them note nothing.
    """
    options.world_of(context, color).stdout.write(SCRIPTS[shell])
    return 0
