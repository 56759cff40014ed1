//! What the user chose to see.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};

/// What the user chose to see, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// Only what has this in it.
    pub(crate) filter: String,
    /// Whether the filter is being typed.
    pub(crate) typing: bool,
    orders: Vec<String>,
    /// Which of the orders.
    pub(crate) order: usize,
    pub(crate) paused: bool,
    /// The first row that is shown.
    pub(crate) first: usize,
}

impl View {
    pub(crate) fn new(orders: Vec<String>) -> Self {
        Self {
            orders,
            ..Self::default()
        }
    }

    /// The name of the order.
    pub(crate) fn order_name(&self) -> &str {
        self.orders.get(self.order).map_or("", String::as_str)
    }

    /// Whether a row with these cells is to be shown.
    pub(crate) fn shows(&self, cells: &[String]) -> bool {
        self.filter.is_empty() || cells.iter().any(|cell| cell.contains(&self.filter))
    }

    /// Does what a key stands for; whether it was to quit.
    pub(crate) fn obey(&mut self, key: KeyCode, modifiers: KeyModifiers) -> bool {
        const PAGE: usize = 10;
        let is_control = modifiers.contains(KeyModifiers::CONTROL);
        match key {
            KeyCode::Char('c') if is_control => return true,
            KeyCode::Enter if self.typing => self.typing = false,
            KeyCode::Esc if self.typing || !self.filter.is_empty() => {
                self.typing = false;
                self.filter.clear();
            }
            KeyCode::Backspace if self.typing => drop(self.filter.pop()),
            KeyCode::Char(c) if self.typing => self.filter.push(c),
            KeyCode::Char('q') | KeyCode::Esc => return true,
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Char('p' | ' ') => self.paused = !self.paused,
            KeyCode::Char('s') => self.order = (self.order + 1) % self.orders.len().max(1),
            KeyCode::Up | KeyCode::Char('k') => self.first = self.first.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.first += 1,
            KeyCode::PageUp => self.first = self.first.saturating_sub(PAGE),
            KeyCode::PageDown => self.first += PAGE,
            KeyCode::Home => self.first = 0,
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(view: &mut View, keys: &str) -> bool {
        let mut quit = false;
        for key in keys.chars() {
            let code = match key {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                '\x08' => KeyCode::Backspace,
                key => KeyCode::Char(key),
            };
            quit |= view.obey(code, KeyModifiers::NONE);
        }
        quit
    }

    #[test]
    fn keys_filter_sort_pause_and_quit() {
        let mut view = View::new(vec!["name".into(), "calls".into()]);
        assert!(!press(&mut view, "/weq\x08b\n"));
        assert_eq!((&view.filter[..], view.typing), ("web", false));
        assert!(view.shows(&["a".into(), "my-web-1".into()]));
        assert!(!view.shows(&["db".into()]));
        assert!(!press(&mut view, "\x1b"), "it clears the filter first");
        assert!(view.filter.is_empty());
        press(&mut view, "sp");
        assert_eq!((view.order_name(), view.paused), ("calls", true));
        press(&mut view, "s ");
        assert_eq!((view.order_name(), view.paused), ("name", false));
        assert!(press(&mut view, "q"));
        assert!(press(&mut view, "\x1b"));
        assert!(view.obey(KeyCode::Char('c'), KeyModifiers::CONTROL));
        view.obey(KeyCode::PageDown, KeyModifiers::NONE);
        view.obey(KeyCode::Up, KeyModifiers::NONE);
        assert_eq!(view.first, 9);
    }
}
