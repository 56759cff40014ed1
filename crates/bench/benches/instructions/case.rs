use std::sync::Arc;

/// Something whose instructions are counted.
#[derive(Clone)]
pub(crate) struct Case {
    /// `what/how much/which step`.
    pub(crate) name: String,
    /// What one operation is worth: keys, items, lookups or messages.
    pub(crate) units: u32,
    set_up: SetUp,
}

/// Prepares a case.
pub(crate) type SetUp = Arc<dyn Fn() -> Operation + Send + Sync>;

/// What is counted; it may be done again and again.
pub(crate) type Operation = Box<dyn FnMut()>;

impl Case {
    /// A case; `set_up` runs before the counting starts, and only in the process that counts.
    pub(crate) fn new<O: FnMut() + 'static>(
        name: String,
        units: u32,
        set_up: impl Fn() -> O + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            units,
            set_up: Arc::new(move || Box::new(set_up())),
        }
    }

    pub(crate) fn set_up(&self) -> SetUp {
        Arc::clone(&self.set_up)
    }

    pub(crate) fn run_once(&self) {
        (self.set_up)()();
    }
}
