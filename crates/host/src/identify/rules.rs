//! What a path tells, as data. `docs/host.md` shows this table.

use super::{
    Kind::{self, Container, Machine, Monitor, Pod},
    Orchestrator::{self, Docker, Kubernetes, Kvm, Lxc, Nspawn, Podman, Unknown},
    alphabet::Alphabet::{
        self, Base36, Hex, Name, Number, NumberedName, PodUid, Task, UuidName, Whole,
    },
};

/// How one part of a path, below certain others, tells a container, a pod, a machine, or what watches over one.
pub(super) struct Rule {
    /// For `--explain`, and the first column of the table.
    pub(super) name: &'static str,
    /// The parts right above, the nearest last. `*` is any one part; `kubepods` alone is anything below the kubelet's cgroup.
    pub(super) above: &'static [&'static str],
    /// What stands before the id. A leading `*` is any beginning.
    pub(super) prefix: &'static str,
    /// What stands behind the id.
    pub(super) suffix: Suffix,
    pub(super) id: Alphabet,
    pub(super) kind: Kind,
    pub(super) orchestrator: Orchestrator,
    /// The label `container_runtime`; empty where the path does not tell.
    pub(super) runtime: &'static str,
    /// Parts below that belong to the thing and are nothing of their own. `*` at the end is any ending.
    pub(super) plumbing: &'static [&'static str],
    /// A path that it is for.
    pub(super) example: &'static str,
}

/// What stands behind an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    /// Nothing, `.scope` or `.slice`: the same name with and without systemd.
    AnyUnit,
    /// Exactly this.
    Exactly(&'static str),
}

use Suffix::{AnyUnit, Exactly};

/// Somewhere below the kubelet's cgroup, `kubepods` in any spelling.
pub(super) const KUBEPODS: &[&str] = &["kubepods"];

const ANYWHERE: &[&str] = &[];
const INIT: &[&str] = &["init", "container"];
const VIRTUAL: &[&str] = &["libvirt", "emulator", "vcpu*", "iothread*"];
const LXC: &[&str] = &["ns", ".lxc", "init"];
const NSPAWN: &[&str] = &["payload", "supervisor", "libvirt"];

macro_rules! rules {
    ($($name:literal: $above:expr, $prefix:literal, $id:expr, $suffix:expr => $kind:expr, $orchestrator:expr, $runtime:literal, $plumbing:expr, $example:literal;)*) => {
        &[$(Rule {
            name: $name, above: $above, prefix: $prefix, id: $id, suffix: $suffix,
            kind: $kind, orchestrator: $orchestrator, runtime: $runtime, plumbing: $plumbing, example: $example,
        }),*]
    };
}

/// The first that matches a part decides; of all parts of a path the innermost that any matches. HEX64, UUID and the like
/// stand for such words in the examples.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = rules! {
    "Kubernetes pod, systemd driver": KUBEPODS, "*kubepods-pod", PodUid, Exactly(".slice") => Pod, Kubernetes, "", &[], "/kubepods.slice/kubepods-podU_U_I_D.slice";
    "Kubernetes pod of a class, systemd driver": KUBEPODS, "*kubepods-burstable-pod", PodUid, Exactly(".slice") => Pod, Kubernetes, "", &[], "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_U_I_D.slice";
    "Kubernetes pod of a class, systemd driver": KUBEPODS, "*kubepods-besteffort-pod", PodUid, Exactly(".slice") => Pod, Kubernetes, "", &[], "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podHEX32.slice";
    "Kubernetes pod, cgroupfs driver": KUBEPODS, "pod", PodUid, Exactly("") => Pod, Kubernetes, "", &[], "/kubepods/burstable/podUUID";
    "Docker": ANYWHERE, "docker-", Hex, AnyUnit => Container, Docker, "docker", INIT, "/system.slice/docker-HEX64.scope";
    "Docker, cgroupfs driver": &["docker"], "", Hex, Exactly("") => Container, Docker, "docker", INIT, "/docker/HEX64";
    "BuildKit in Docker": &["docker", "buildkit"], "", Hex, Exactly("") => Container, Docker, "docker", &[], "/docker/buildkit/HEX64";
    "BuildKit": &["buildkit"], "", Base36, Exactly("") => Container, Docker, "buildkit", &[], "/docker/buildkit/BASE36";
    "BuildKit": ANYWHERE, "buildkit-", Base36, AnyUnit => Container, Docker, "buildkit", &[], "/system.slice:buildkit:BASE36";
    "ECS": &["ecs", "*"], "", Hex, Exactly("") => Container, Docker, "docker", INIT, "/ecs/task-1/HEX64";
    "ECS with the name of the cluster": &["ecs", "*", "*"], "", Whole, Exactly("") => Container, Docker, "docker", INIT, "/ecs/cluster/HEX32/HEX64";
    "Fargate": ANYWHERE, "", Task, Exactly("") => Container, Docker, "", INIT, "/ecs/HEX32/HEX32-1234567890";
    "Podman": ANYWHERE, "libpod-", Hex, AnyUnit => Container, Podman, "podman", INIT, "/machine.slice/libpod-HEX64.scope";
    "Podman in a unit of its own (quadlet)": ANYWHERE, "libpod-payload-", Hex, Exactly("") => Container, Podman, "podman", INIT, "/system.slice/shop.service/libpod-payload-HEX64";
    "Podman's conmon": ANYWHERE, "libpod-conmon-", Hex, AnyUnit => Monitor, Podman, "podman", &[], "/machine.slice/libpod-conmon-HEX64.scope";
    "Podman pod": ANYWHERE, "*libpod_pod_", Hex, AnyUnit => Pod, Podman, "podman", &[], "/machine.slice/machine-libpod_pod_HEX64.slice";
    "containerd for Kubernetes": ANYWHERE, "cri-containerd-", Hex, AnyUnit => Container, Kubernetes, "containerd", INIT, "/system.slice/containerd.service/kubepods-burstable-podU_U_I_D.slice:cri-containerd:HEX64";
    "containerd for Kubernetes, without a parent": &["k8s.io"], "", Whole, Exactly("") => Container, Kubernetes, "containerd", INIT, "/k8s.io/HEX64";
    "nerdctl": ANYWHERE, "nerdctl-", Hex, AnyUnit => Container, Unknown, "containerd", INIT, "/system.slice/nerdctl-HEX64.scope";
    "CRI-O": ANYWHERE, "crio-", Hex, AnyUnit => Container, Kubernetes, "cri-o", INIT, "/kubepods.slice/kubepods-podU_U_I_D.slice/crio-HEX64.scope";
    "CRI-O's conmon": ANYWHERE, "crio-conmon-", Hex, AnyUnit => Monitor, Kubernetes, "cri-o", &[], "/system.slice/crio-conmon-HEX64.scope";
    "Kata": ANYWHERE, "kata_", Hex, AnyUnit => Container, Unknown, "kata", INIT, "/kubepods/burstable/podUUID/kata_HEX64";
    "Kata's hypervisor": &["kata_overhead"], "", Hex, AnyUnit => Monitor, Unknown, "kata", &[], "/kata_overhead/HEX64";
    "Nomad": ANYWHERE, "", UuidName, Exactly(".scope") => Container, Unknown, "nomad", INIT, "/nomad.slice/share.slice/UUID.web.scope";
    "Nomad, version 1": &["nomad"], "", UuidName, Exactly("") => Container, Unknown, "nomad", INIT, "/nomad/UUID.web";
    "libvirt, QEMU": ANYWHERE, "machine-qemu-", NumberedName, Exactly(".scope") => Machine, Kvm, "", VIRTUAL, r"/machine.slice/machine-qemu\x2d1\x2dweb.scope";
    "libvirt, LXC": ANYWHERE, "machine-lxc-", NumberedName, Exactly(".scope") => Container, Lxc, "", &["libvirt"], r"/machine.slice/machine-lxc\x2d7\x2dweb.scope";
    "libvirt without systemd, QEMU": ANYWHERE, "qemu-", NumberedName, Exactly(".libvirt-qemu") => Machine, Kvm, "", VIRTUAL, "/machine/qemu-1-web.libvirt-qemu";
    "libvirt without systemd, QEMU": ANYWHERE, "", Name, Exactly(".libvirt-qemu") => Machine, Kvm, "", VIRTUAL, "/machine/web.libvirt-qemu";
    "libvirt without systemd, LXC": ANYWHERE, "lxc-", NumberedName, Exactly(".libvirt-lxc") => Container, Lxc, "", &["libvirt"], "/machine/lxc-3-web.libvirt-lxc";
    "libvirt without systemd, LXC": ANYWHERE, "", Name, Exactly(".libvirt-lxc") => Container, Lxc, "", &["libvirt"], "/machine/web.libvirt-lxc";
    "libvirt of long ago": &["libvirt", "qemu"], "", Name, Exactly("") => Machine, Kvm, "", VIRTUAL, "/libvirt/qemu/web";
    "QEMU by number": ANYWHERE, "qemu-", Number, Exactly(".scope") => Machine, Kvm, "", VIRTUAL, "/qemu-100.scope";
    "Proxmox virtual machine": &["qemu.slice"], "", Name, Exactly(".scope") => Machine, Kvm, "", VIRTUAL, "/qemu.slice/100.scope";
    "registered machine": ANYWHERE, "machine-", Name, Exactly(".scope") => Container, Nspawn, "", NSPAWN, r"/machine.slice/machine-my\x2dweb.scope";
    "nspawn": ANYWHERE, "systemd-nspawn@", Name, Exactly(".service") => Container, Nspawn, "", NSPAWN, "/machine.slice/systemd-nspawn@web.service";
    "service of a machine": &["machine.slice"], "", Name, Exactly(".service") => Container, Nspawn, "", NSPAWN, "/machine.slice/web.service";
    "LXC, Incus": ANYWHERE, "lxc.payload.", Name, Exactly("") => Container, Lxc, "", LXC, "/lxc.payload.web";
    "LXC, Incus": &["lxc.payload"], "", Name, Exactly("") => Container, Lxc, "", LXC, "/lxc.payload/web";
    "LXC before version 4, Proxmox container": &["lxc"], "", Name, Exactly("") => Container, Lxc, "", LXC, "/lxc/101";
    "LXC's monitor": ANYWHERE, "lxc.monitor.", Name, Exactly("") => Monitor, Lxc, "", &[], "/lxc.monitor.web";
    "LXC's monitor": &["lxc.monitor"], "", Name, Exactly("") => Monitor, Lxc, "", &[], "/lxc.monitor/101";
    "a whole id": ANYWHERE, "", Whole, Exactly("") => Container, Unknown, "", INIT, "/ci/HEX64";
};

/// Directories of the root that group what is below them and are nothing of their own, besides those that a rule names. Those
/// of libvirt may have more below them, which end with [`PARTITION`].
pub(super) const GROUPS: &[&str] = &["libvirt", "lxc.pivot", "machine", "system", "user"];
pub(super) const PARTITION: &str = ".partition";

impl Rule {
    /// The pattern of the path, as the documentation writes it.
    pub(super) fn pattern(&self) -> String {
        let above = if self.above == KUBEPODS {
            "kubepods/.../".to_owned()
        } else {
            self.above.iter().map(|part| format!("{part}/")).collect()
        };
        let suffix = match self.suffix {
            AnyUnit => "[.scope]",
            Exactly(suffix) => suffix,
        };
        format!("{above}{}{}{suffix}", self.prefix, self.id.notation())
    }
}
