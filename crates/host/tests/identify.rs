//! Paths as they stand in `/proc/<pid>/cgroup` of real machines, and what they tell.

use netipc_host::{Identity, identify};
use proptest::prelude::*;

const ID: &str = "4f9c1d0b7a3e58266f0de1c2b3a495867081726354f0e1d2c3b4a5968778695a";
const UID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

/// Holds `identify` against rows of `path | orchestrator kind | name | labels`, with these stand-ins: `ID` and `SHORT` for
/// a container's id, `UID` and `U_I_D` for a pod's as the two cgroup drivers write it.
#[track_caller]
fn check(rows: &str) {
    let fill = |text: &str| {
        text.replace("U_I_D", &UID.replace('-', "_"))
            .replace("UID", UID)
            .replace("ID", ID)
            .replace("SHORT", &ID[..12])
    };
    for row in rows.lines().filter(|row| !row.trim().is_empty()) {
        let fields: Vec<String> = row.split('|').map(|field| fill(field.trim())).collect();
        let [path, what, name, labels] = &fields[..] else {
            panic!("not four fields: {row}");
        };
        let identity = identify(path.as_bytes());
        let found = format!("{:?} {:?}", identity.orchestrator, identity.kind);
        assert_eq!(found, *what, "{path}");
        assert_eq!(
            String::from_utf8_lossy(&identity.full_name()),
            *name,
            "{path}"
        );
        assert_eq!(labels_of(&identity), *labels, "{path}");
    }
}

fn labels_of(identity: &Identity) -> String {
    let label = |label: &netipc_host::Label| {
        let text = [label.key(), label.value()].map(String::from_utf8_lossy);
        text.join("=")
    };
    let labels: Vec<String> = identity.labels.iter().map(label).collect();
    labels.join(" ")
}

#[test]
fn systemd_units() {
    check(
        r"
        /init.scope | Systemd Scope | init.scope | unit=init.scope
        /system.slice | Systemd Slice | system.slice | unit=system.slice
        /system.slice/sshd.service | Systemd Service | sshd.service | unit=sshd.service slice=system.slice
        /system.slice/system-getty.slice/getty@tty1.service | Systemd Service | getty@tty1.service | unit=getty@tty1.service slice=system-getty.slice
        /system.slice/dev-disk\x2dby.mount | Systemd Mount | dev-disk\x2dby.mount | unit=dev-disk\x2dby.mount slice=system.slice
        /system.slice/docker.service/helper | Systemd Other | docker.service/helper | unit=docker.service slice=system.slice
        /system.slice/a.service/b.service | Systemd Other | a.service/b.service | unit=a.service slice=system.slice
        /user.slice/user-1000.slice | Systemd Slice | user-1000.slice | unit=user-1000.slice slice=user.slice
        /user.slice/user-1000.slice/session-2.scope | Systemd Scope | session-2.scope | unit=session-2.scope slice=user-1000.slice
        /user.slice/user-1000.slice/user@1000.service | Systemd Service | user@1000.service | unit=user@1000.service slice=user-1000.slice user_id=1000
        /user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service | Systemd Service | user@1000.service/app.slice/dbus.service | unit=user@1000.service slice=user-1000.slice user_id=1000 user_unit=dbus.service
        /user.slice/user-1000.slice/user@1000.service/init.scope | Systemd Scope | user@1000.service/init.scope | unit=user@1000.service slice=user-1000.slice user_id=1000 user_unit=init.scope
        ",
    );
}

#[test]
fn docker() {
    check(
        r"
        /docker/ID | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /docker/ID/init.scope | Docker Inside | docker-SHORT/init.scope | container_id=ID container_runtime=docker
        /docker/buildkit/ID | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /ecs/task-1/ID | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /system.slice/docker-ID.scope | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /system.slice/docker-ID.scope/system.slice/cron.service | Docker Inside | docker-SHORT/system.slice/cron.service | container_id=ID container_runtime=docker
        /user.slice/user-1000.slice/user@1000.service/app.slice/docker-ID.scope | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /system.slice:docker:ID | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /system.slice/docker-abc.scope | Docker Container | docker-abc | container_id=abc container_runtime=docker
        /docker | Unknown Group | docker |
        /system.slice/docker.service | Systemd Service | docker.service | unit=docker.service slice=system.slice
        /system.slice/docker-proxy.service | Systemd Service | docker-proxy.service | unit=docker-proxy.service slice=system.slice
        /system.slice/docker-.scope | Systemd Scope | docker-.scope | unit=docker-.scope slice=system.slice
        ",
    );
}

#[test]
fn podman() {
    check(
        r"
        /machine.slice/libpod-ID.scope | Podman Container | podman-SHORT | container_id=ID container_runtime=podman
        /machine.slice/libpod-ID.scope/container | Podman Plumbing | podman-SHORT | container_id=ID container_runtime=podman
        /machine.slice/libpod-conmon-ID.scope | Podman Monitor | podman-SHORT/monitor | container_id=ID container_runtime=podman
        /libpod_parent/libpod-ID | Podman Container | podman-SHORT | container_id=ID container_runtime=podman
        /machine.slice/machine-libpod_pod_ID.slice | Podman Pod | pod-SHORT | container_runtime=podman
        /machine.slice/machine-libpod_pod_ID.slice/libpod-ID.scope | Podman Container | podman-SHORT | container_id=ID container_runtime=podman
        /user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container | Podman Plumbing | podman-SHORT | container_id=ID container_runtime=podman
        /user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_ID.slice | Podman Pod | pod-SHORT | container_runtime=podman
        /user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_ID.slice/libpod-ID.scope | Podman Container | podman-SHORT | container_id=ID container_runtime=podman
        ",
    );
}

#[test]
fn kubernetes_with_the_systemd_driver() {
    check(
        r"
        /kubepods.slice | Kubernetes Slice | kubepods.slice | unit=kubepods.slice
        /kubepods.slice/kubepods-burstable.slice | Kubernetes Slice | kubepods-burstable.slice | unit=kubepods-burstable.slice slice=kubepods.slice qos_class=burstable
        /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_I_D.slice | Kubernetes Pod | pod-UID | pod_uid=UID qos_class=burstable
        /kubepods.slice/kubepods-podU_I_D.slice | Kubernetes Pod | pod-UID | pod_uid=UID qos_class=guaranteed
        /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_I_D.slice/cri-containerd-ID.scope | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=burstable container_id=ID container_runtime=containerd
        /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_I_D.slice/crio-ID.scope | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=burstable container_id=ID container_runtime=cri-o
        /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_I_D.slice/crio-ID.scope/container | Kubernetes Plumbing | pod-UID/SHORT | pod_uid=UID qos_class=burstable container_id=ID container_runtime=cri-o
        /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_I_D.slice/crio-conmon-ID.scope | Kubernetes Monitor | pod-UID/SHORT/monitor | pod_uid=UID qos_class=burstable container_id=ID container_runtime=cri-o
        /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_I_D.slice/docker-ID.scope | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=burstable container_id=ID container_runtime=docker
        /kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-podU_I_D.slice/cri-containerd-ID.scope | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=burstable container_id=ID container_runtime=containerd
        /system.slice/containerd.service/kubepods-burstable-podU_I_D.slice:cri-containerd:ID | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=burstable container_id=ID container_runtime=containerd
        /system.slice/crio-conmon-ID.scope | Kubernetes Monitor | cri-o-SHORT/monitor | container_id=ID container_runtime=cri-o
        ",
    );
}

#[test]
fn kubernetes_with_the_cgroupfs_driver() {
    check(
        r"
        /kubepods | Kubernetes Group | kubepods |
        /kubepods/besteffort | Kubernetes Group | kubepods/besteffort | qos_class=besteffort
        /kubepods/besteffort/podUID | Kubernetes Pod | pod-UID | pod_uid=UID qos_class=besteffort
        /kubepods/podUID | Kubernetes Pod | pod-UID | pod_uid=UID qos_class=guaranteed
        /kubepods/besteffort/podUID/ID | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=besteffort container_id=ID
        /kubepods/besteffort/podUID/crio-ID | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=besteffort container_id=ID container_runtime=cri-o
        /kubepods/besteffort/podUID/ID/docker/ID | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /docker/ID/kubelet/kubepods/besteffort/podUID/ID | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=besteffort container_id=ID
        /k8s.io/ID | Kubernetes Container | containerd-SHORT | container_id=ID container_runtime=containerd
        /mykubepods/besteffort/podUID | Unknown Other | mykubepods/besteffort/podUID |
        /kubepodsy.slice | Systemd Slice | kubepodsy.slice | unit=kubepodsy.slice
        /kubepods/poddle | Kubernetes Group | kubepods/poddle |
        ",
    );
}

#[test]
fn machines() {
    check(
        r"
        /lxc/web | Lxc Container | web | machine=web
        /lxc/101/ns/system.slice/cron.service | Lxc Inside | 101/ns/system.slice/cron.service | machine=101
        /lxc.payload.web | Lxc Container | web | machine=web
        /lxc.payload/web | Lxc Container | web | machine=web
        /lxc.payload.web/init.scope | Lxc Inside | web/init.scope | machine=web
        /lxc.monitor.web | Lxc Monitor | web/monitor | machine=web
        /lxc.monitor/web | Lxc Monitor | web/monitor | machine=web
        /lxc/101/ns/docker/ID | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /machine.slice/machine-qemu\x2d1\x2dmy\x2dvm.scope | Kvm Machine | my-vm | machine=my-vm
        /machine.slice/machine-qemu\x2d12\x2dvm.scope/libvirt/vcpu0 | Kvm Plumbing | vm | machine=vm
        /machine.slice/machine-lxc\x2d7\x2dbox.scope | Lxc Container | box | machine=box
        /machine/qemu-1-vm.libvirt-qemu | Kvm Machine | vm | machine=vm
        /machine/vm.libvirt-qemu/emulator | Kvm Plumbing | vm | machine=vm
        /machine/lxc-3-box.libvirt-lxc | Lxc Container | box | machine=box
        /libvirt/qemu/vm | Kvm Machine | vm | machine=vm
        /qemu.slice/100.scope | Kvm Machine | 100 | machine=100
        /qemu.slice/qemu-100.scope/emulator | Kvm Plumbing | 100 | machine=100
        /machine | Unknown Group | machine |
        /machine/production.partition | Unknown Group | machine/production.partition |
        /machine/production.partition/qemu-2-a\x2db.libvirt-qemu | Kvm Machine | a\x2db | machine=a\x2db
        /x/machine | Unknown Other | x/machine |
        /machine.slice/machine-my\x2dbox.scope | Nspawn Container | my-box | machine=my-box
        /machine.slice/machine-a\x2fb.scope | Nspawn Container | a/b | machine=a/b
        /machine.slice/systemd-nspawn@my\x2dbox.service/payload | Nspawn Plumbing | my-box | machine=my-box
        /machine.slice/machine-qemu-x.scope | Nspawn Container | qemu-x | machine=qemu-x
        /machine.slice | Systemd Slice | machine.slice | unit=machine.slice
        /lxc | Unknown Group | lxc |
        ",
    );
}

#[test]
fn ids_that_are_not_plain_hex() {
    check(
        r"
        /ecs/4f9c1d0b7a3e58266f0de1c2b3a49586/4f9c1d0b7a3e58266f0de1c2b3a49586-77 | Docker Container | container-4f9c1d0b7a3e-77 | container_id=4f9c1d0b7a3e58266f0de1c2b3a49586-77
        /ecs/cluster/4f9c1d0b7a3e58266f0de1c2b3a49586/ID | Docker Container | docker-SHORT | container_id=ID container_runtime=docker
        /ecs/4f9c1d0b7a3e58266f0de1c2b3a49586 | Unknown Group | ecs/4f9c1d0b7a3e58266f0de1c2b3a49586 |
        /docker/buildkit/qz1f4cvnqzkrxmm0k3w1kd0x2 | Docker Container | buildkit-qz1f4cvnqzkr | container_id=qz1f4cvnqzkrxmm0k3w1kd0x2 container_runtime=buildkit
        /docker/buildkit | Unknown Group | docker/buildkit |
        /kubepods/burstable/podUID/kata_ID | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=burstable container_id=ID container_runtime=kata
        /kata_overhead/ID | Unknown Monitor | kata-SHORT/monitor | container_id=ID container_runtime=kata
        /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod4f9c1d0b7a3e58266f0de1c2b3a49586.slice/crio-ID.scope | Kubernetes Container | pod-4f9c1d0b7a3e58266f0de1c2b3a49586/SHORT | pod_uid=4f9c1d0b7a3e58266f0de1c2b3a49586 qos_class=burstable container_id=ID container_runtime=cri-o
        /nomad.slice/share.slice/UID.web.task.scope | Unknown Container | web.task | allocation_id=UID task=web.task container_runtime=nomad
        /system.slice/k3s.service/kubepods/burstable/podUID/ID | Kubernetes Container | pod-UID/SHORT | pod_uid=UID qos_class=burstable container_id=ID
        ",
    );
}

#[test]
fn containers_in_units_and_what_belongs_to_them() {
    check(
        r"
        /system.slice/shop.service/libpod-payload-ID | Podman Container | podman-SHORT | container_id=ID container_runtime=podman
        /system.slice/shop.service/libpod-payload-ID/system.slice/a.service | Podman Inside | podman-SHORT/system.slice/a.service | container_id=ID container_runtime=podman
        /system.slice/shop.service/runtime | Systemd Plumbing | shop.service | unit=shop.service slice=system.slice
        /system.slice/shop.service/.control | Systemd Plumbing | shop.service | unit=shop.service slice=system.slice
        /system.slice/shop.service/worker | Systemd Other | shop.service/worker | unit=shop.service slice=system.slice
        /machine.slice/demo.service | Nspawn Container | demo | machine=demo
        /machine.slice/demo.service/payload/init.scope | Nspawn Inside | demo/payload/init.scope | machine=demo
        ",
    );
}

#[test]
fn anything_else_is_named_by_its_path() {
    check(
        r"
        /a | Unknown Other | a |
        /a/b c | Unknown Other | a/b c |
        a//b/ | Unknown Other | a/b |
        /.slice | Unknown Other | .slice |
        /deadbeef | Unknown Other | deadbeef |
        / | Unknown Other | |
        | Unknown Other | |
        ",
    );
    assert_eq!(identify(b"/\xff\xfe").name, b"\xff\xfe");
}

/// Parts that lead into every branch, between bytes that lead nowhere.
fn path() -> impl Strategy<Value = Vec<u8>> {
    let known = r"kubepods kubepods.slice kubepods-burstable-pod1_2_3_4_5.slice burstable pod12345678 docker docker-
        docker-ab.scope libpod_pod_ :cri-containerd: x:docker:ab lxc lxc.payload. lxc.monitor machine-.scope
        machine-\x.scope machine-qemu\x2d1\x2d.scope systemd-nspawn@.service user@.service user@1.service a.slice
        .libvirt-qemu qemu-1-.libvirt-qemu libvirt qemu qemu.slice .. ecs buildkit kata_ab kata_overhead nomad
        a.service libpod-payload-ab runtime container payload qemu-7.scope machine.slice lxc.payload.. a:b:c
        0123456789abcdef0123456789abcdef-1 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.web.scope";
    let known: Vec<&[u8]> = known
        .split_whitespace()
        .chain([ID, ""])
        .map(str::as_bytes)
        .collect();
    let part = prop_oneof![
        3 => prop::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.join(&b'/'))
}

proptest! {
    #[test]
    fn any_bytes_have_an_identity(path in path()) {
        let identity = identify(&path);
        let parts = path.split(|byte| *byte == b'/');
        let parts: Vec<&[u8]> = parts.filter(|part| !matches!(*part, b"" | b"." | b"..")).collect();
        prop_assert_eq!(identity.full_name().is_empty(), parts.is_empty());
        prop_assert!(parts.join(&b'/').ends_with(&identity.inner));
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let safe = |id: &Vec<u8>| !id.is_empty() && id.iter().all(part);
        prop_assert!(identity.container_id.as_ref().is_none_or(safe), "ids become file names");
    }

    #[test]
    fn slashes_do_not_matter(path in path()) {
        let doubled = path.split(|byte| *byte == b'/').collect::<Vec<_>>().join(&b"//"[..]);
        prop_assert_eq!(identify(&path), identify(&[b"/", &doubled[..], b"/"].concat()));
    }
}
