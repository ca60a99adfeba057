"""The layout of queries: one text for one meaning and one set of comments, in lines that a person would write.

`format_query` and `format_file` in `text` do it; `comments` places the comments, `clauses` says where lines may end, `document` fills
them. A maintainer keeps four laws, all tested: what is laid out parses to the same tree, has each comment once, is laid out already, and
has no line beyond the width unless a single word is.
"""
