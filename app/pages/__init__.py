"""One module per page.

A page is a `PageView` (app/components/page.py) and is shown the same by the shell and by a notebook cell
(`ExperimentsPage(experiment=3)`):

- class attributes `title`, `path` ("/experiments"), `icon` (a Material icon's name) and `state_class`,
  the `PageState` whose `url_params` are what a link to the page carries;
- `self.state` is given or made from the keyword arguments. A change of a shareable value rewrites the
  address in place; a step that Back should undo (opening one experiment) is
  `self.open("/experiments", experiment=3)`;
- `__panel__` returns the content once; it is kept for the session. Bind it to `self.state`:
  Back, Forward and a rail click change the state, never the object;
- `on_show` and `on_hide` frame the time in which the page is seen: start periodic callbacks in the first,
  stop them in the second;
- `self.breadcrumb` is a list of texts behind the title in the header;
- an input with `css_classes=["page-search"]` takes the cursor when a person presses `/`.

A page does no SQL and no mathematics: it calls core.queries, core.services and app.plots.
A page is listed in `PAGES` of app/main.py.
"""
