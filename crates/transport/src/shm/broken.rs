/// What the other side of a region did wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Broken {
    /// The counter is not where one message would have put it.
    Overwritten,
    /// The length is 0 or beyond the area.
    Length,
    /// Its memory is gone.
    #[cfg_attr(windows, expect(dead_code, reason = "memory is not lost there"))]
    Lost,
}
