use std::{
    io,
    path::{Path, PathBuf},
};

use super::super::files::read_bounded;
use crate::{
    identify::Orchestrator,
    runtime::{RuntimeInfo, Subject},
};

/// Where a guest's configuration is: virtual machines and containers have a directory each, and numbers.
pub(super) fn path(dir: &Path, id: &[u8], subject: &Subject) -> Option<PathBuf> {
    let number = str::from_utf8(id).ok()?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (orchestrator, _) = subject.machine.as_ref()?;
    let is_others = match orchestrator {
        Orchestrator::Kvm => dir.ends_with("lxc"),
        _ => dir.ends_with("qemu-server"),
    };
    (!is_others).then(|| dir.join(format!("{number}.conf")))
}

/// Reads a guest's configuration: `name` of a virtual machine, `hostname` of a container. Snapshots come behind, in sections.
pub(super) fn read(path: &Path, max_bytes: u64) -> io::Result<Option<RuntimeInfo>> {
    let bytes = read_bounded(path, max_bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let now = text.lines().take_while(|line| !line.starts_with('['));
    let name = now
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| {
            let value = value.trim();
            (matches!(key, "name" | "hostname") && !value.is_empty()).then_some(value)
        });
    let guest = path.file_stem().map(|number| number.to_string_lossy());
    let labels = [("guest_id", guest.as_deref())];
    Ok(name.map(|name| RuntimeInfo::machine(Orchestrator::Unknown, name, labels)))
}
