use std::{io, path::Path};

use super::super::files::read_bounded;
use crate::{identify::Orchestrator, runtime::RuntimeInfo};

/// Reads the configuration of an LXC container that is called `id`; Incus and LXD write one, too.
///
/// The container's own name stays, unless people know it by another: a number gives way to the host name, and `PROJECT_NAME`
/// is that name in a project.
pub(super) fn read(path: &Path, id: &[u8], max_bytes: u64) -> io::Result<Option<RuntimeInfo>> {
    let bytes = read_bounded(path, max_bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let host_name = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        let is_it = matches!(key.trim(), "lxc.uts.name" | "lxc.utsname");
        let value = value.trim();
        (is_it && !value.is_empty()).then_some(value)
    });
    let Some(host_name) = host_name else {
        return Ok(None);
    };
    let id = String::from_utf8_lossy(id);
    let project = id
        .strip_suffix(host_name)
        .and_then(|start| start.strip_suffix('_'))
        .filter(|project| !project.is_empty());
    let name = if let Some(project) = project {
        format!("{project}/{host_name}")
    } else if id.bytes().all(|byte| byte.is_ascii_digit()) {
        host_name.to_owned()
    } else {
        String::new()
    };
    let labels = [("hostname", Some(host_name)), ("project", project)];
    Ok(Some(RuntimeInfo::machine(Orchestrator::Lxc, &name, labels)))
}
