//! Tables and colours of screens.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Row, Table};

use super::View;
use crate::plain::plain;
use crate::terminal::is_plain_wanted;

/// The widest that a column is while there is another one behind it.
const WIDEST: usize = 32;

/// A style of this colour, unless the user wants none.
pub(crate) fn style(colour: Color) -> Style {
    if is_plain_wanted() {
        Style::default()
    } else {
        Style::default().fg(colour)
    }
}

/// Rows of cells below their headers, from the first that is wanted on; the first cells may be marks.
pub(crate) fn table(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    headers: &[String],
    rows: &[(Style, Vec<String>)],
) {
    let first = view.first.min(rows.len().saturating_sub(1));
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|(_, row)| row.get(at));
        let all = cells.chain(headers.get(at));
        let widest = all.map(|cell| cell.chars().count()).max().unwrap_or(1);
        let is_last = at + 1 == headers.len();
        let most = if is_last { widest } else { WIDEST };
        u16::try_from(widest.min(most)).unwrap_or(u16::MAX)
    };
    let widths = (0..headers.len()).map(|at| Constraint::Length(width(at)));
    let shown = rows.iter().skip(first).take(area.height.into());
    let shown = shown.map(|(style, cells)| {
        let cells = cells.iter().map(|cell| plain(cell));
        Row::new(cells).style(*style)
    });
    let header = Row::new(headers.iter().map(String::as_str));
    let header = header.style(Style::default().add_modifier(Modifier::BOLD));
    frame.render_widget(Table::new(shown, widths).header(header), area);
}

/// What keys there are, and what was chosen.
pub(crate) fn footer(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let filter = if view.typing {
        format!("filter: {}_", view.filter)
    } else if view.filter.is_empty() {
        "/ filter".to_owned()
    } else {
        format!("filter: {} (Esc clears)", view.filter)
    };
    let paused = if view.paused {
        "PAUSED, p goes on"
    } else {
        "p pause"
    };
    let order = view.order_name();
    let text = format!("q quit  {paused}  s sort: {order}  {filter}");
    let style = Style::default().add_modifier(Modifier::REVERSED);
    frame.render_widget(Paragraph::new(Line::styled(text, style)), area);
}
