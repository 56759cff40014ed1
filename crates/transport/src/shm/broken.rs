/// What the other side of a region did wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Broken {
    /// The counter is not where one message would have put it.
    Overwritten,
    /// The length is 0 or beyond the area.
    Length,
    /// Its memory is gone.
    Lost,
}
