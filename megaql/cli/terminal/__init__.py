"""How anything is drawn on a terminal or a page: colours, progress, charts, amounts in words."""
