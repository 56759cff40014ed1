use netipc_proto::codes;

codes! {
    /// Who runs a cgroup. The one open list of the protocol: unknown numbers are kept.
    pub struct Orchestrator {
        /// Not known.
        UNKNOWN = 0, "unknown";
        /// A systemd unit or slice.
        SYSTEMD = 1, "systemd";
        /// A Docker container.
        DOCKER = 2, "docker";
        /// A Kubernetes pod or container.
        K8S = 3, "k8s";
        /// A virtual machine.
        KVM = 4, "kvm";
        /// An LXC container.
        LXC = 5, "lxc";
        /// A Podman container.
        PODMAN = 6, "podman";
        /// A systemd-nspawn container.
        NSPAWN = 7, "nspawn";
    }
}
