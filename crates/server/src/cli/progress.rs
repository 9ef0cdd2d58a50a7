//! Progress of long commands: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over `total` of `what`.
pub(super) fn bar(total: u64, what: &str) -> ProgressBar {
    // Standard error, so that results can be piped; hidden where that is no terminal.
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    styled(bar, "{bar:30} {pos}/{len} ", what)
}

/// A counter of `what`, whose end is not known.
pub(super) fn counter(what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    styled(bar, "{spinner} {pos} ", what)
}

fn styled(bar: ProgressBar, template: &str, what: &str) -> ProgressBar {
    let template = [template, what, "  {elapsed} {msg}"].concat();
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
