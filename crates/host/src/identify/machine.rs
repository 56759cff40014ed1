use super::{Identity, Kind, Orchestrator, unescape};

/// Recognises a virtual machine, an LXC container or an nspawn container by one part of a path and the parts `before` it.
pub(super) fn recognise(before: &[&[u8]], part: &[u8]) -> Option<Identity> {
    libvirt_directory(part)
        .or_else(|| registered(part))
        .or_else(|| nspawn_service(part))
        .or_else(|| lxc(before, part))
        .or_else(|| virtual_machine(before, part))
}

/// `<name>.libvirt-qemu` and `<name>.libvirt-lxc`, libvirt without systemd.
fn libvirt_directory(part: &[u8]) -> Option<Identity> {
    if let Some(name) = part.strip_suffix(b".libvirt-qemu") {
        return machine(without_number(name, b"qemu-").unwrap_or(name));
    }
    let name = part.strip_suffix(b".libvirt-lxc")?;
    lxc_container(without_number(name, b"lxc-").unwrap_or(name))
}

/// `machine-<name>.scope`, the scope of a machine registered with systemd-machined; libvirt's names begin with the driver.
fn registered(part: &[u8]) -> Option<Identity> {
    let name = part.strip_prefix(b"machine-")?.strip_suffix(b".scope")?;
    let name = unescape(name);
    if let Some(name) = without_number(&name, b"qemu-") {
        return machine(name);
    }
    if let Some(name) = without_number(&name, b"lxc-") {
        return lxc_container(name);
    }
    identity(Orchestrator::Nspawn, Kind::Container, &name)
}

/// `systemd-nspawn@<name>.service`.
fn nspawn_service(part: &[u8]) -> Option<Identity> {
    let name = part
        .strip_prefix(b"systemd-nspawn@")?
        .strip_suffix(b".service")?;
    identity(Orchestrator::Nspawn, Kind::Container, &unescape(name))
}

/// `lxc/<name>`, and `lxc.payload` and `lxc.monitor` followed by `.<name>` or `/<name>`.
fn lxc(before: &[&[u8]], part: &[u8]) -> Option<Identity> {
    if let Some(name) = part.strip_prefix(b"lxc.payload.") {
        return lxc_container(name);
    }
    if let Some(name) = part.strip_prefix(b"lxc.monitor.") {
        return lxc_monitor(name);
    }
    match *before.last()? {
        b"lxc" | b"lxc.payload" => lxc_container(part),
        b"lxc.monitor" => lxc_monitor(part),
        _ => None,
    }
}

/// Proxmox: `qemu.slice/<number>.scope`; libvirt of long ago: `libvirt/qemu/<name>`.
fn virtual_machine(before: &[&[u8]], part: &[u8]) -> Option<Identity> {
    match before {
        [.., b"qemu.slice"] => machine(part.strip_suffix(b".scope")?),
        [.., b"libvirt", b"qemu"] => machine(part),
        _ => None,
    }
}

fn machine(name: &[u8]) -> Option<Identity> {
    identity(Orchestrator::Kvm, Kind::Machine, name)
}

fn lxc_container(name: &[u8]) -> Option<Identity> {
    identity(Orchestrator::Lxc, Kind::Container, name)
}

fn lxc_monitor(name: &[u8]) -> Option<Identity> {
    identity(Orchestrator::Lxc, Kind::Monitor, name)
}

fn identity(orchestrator: Orchestrator, kind: Kind, name: &[u8]) -> Option<Identity> {
    if name.is_empty() {
        return None;
    }
    let mut identity = Identity {
        orchestrator,
        kind,
        name: kind.name(name),
        ..Identity::default()
    };
    identity.labels.insert("machine", name);
    Some(identity)
}

/// The name in `<driver><number>-<name>`.
fn without_number<'a>(name: &'a [u8], driver: &[u8]) -> Option<&'a [u8]> {
    let rest = name.strip_prefix(driver)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, name) = rest.split_at(digits);
    name.strip_prefix(b"-")
        .filter(|name| !number.is_empty() && !name.is_empty())
}
