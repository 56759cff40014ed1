/// Something whose instructions are counted.
pub(crate) struct Case {
    /// `what/how much/which step`.
    pub(crate) name: String,
    /// What one operation is worth: keys, items, lookups or messages.
    pub(crate) units: u32,
    /// Runs before the counting starts, and only in the process that counts.
    pub(crate) set_up: Box<dyn Fn() -> Operation + Send + Sync>,
}

/// What is counted; it may be done again and again.
pub(crate) type Operation = Box<dyn FnMut()>;

impl Case {
    pub(crate) fn new<O: FnMut() + 'static>(
        name: String,
        units: u32,
        set_up: impl Fn() -> O + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            units,
            set_up: Box::new(move || Box::new(set_up())),
        }
    }

    pub(crate) fn run_once(&self) {
        (self.set_up)()();
    }
}
