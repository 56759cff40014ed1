//! Numbers of the kinds that every peer knows.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

crate::codes! {
    /// A request kind. One code space for all services.
    pub struct MethodCode {
        /// A number in, the next one out. It exists to test and to measure.
        INCREMENT = 1, "INCREMENT";
        /// All cgroups of the host, at once.
        CGROUPS_SNAPSHOT = 2, "CGROUPS_SNAPSHOT";
        /// A text in, the same bytes backwards out. It exists to test.
        STRING_REVERSE = 3, "STRING_REVERSE";
        /// Cgroup paths in; orchestrator, name and labels of each out.
        CGROUPS_LOOKUP = 4, "CGROUPS_LOOKUP";
        /// Process ids in; process, user and cgroup of each out.
        APPS_LOOKUP = 5, "APPS_LOOKUP";
    }
}
