use std::{collections::HashMap, fs, io, path::Path, sync::Arc};

use super::{super::files::read_bounded, Lists};
use crate::{
    config::HostConfig,
    identify::Orchestrator,
    runtime::{NameSource, Names, RuntimeInfo, Subject},
};

/// Bytes of the file of one machine, at most.
const MAX_BYTES: u64 = 64 << 10;
/// Machines that are read, at most.
const MAX_MACHINES: usize = 16_384;

/// What systemd-machined knows of machines: by the unit that each is in.
pub(super) struct Machined {
    units: Lists<HashMap<Vec<u8>, Arc<RuntimeInfo>>>,
}

impl Machined {
    pub(super) fn new(config: &HostConfig) -> Self {
        Self {
            units: Lists::new("machined", config),
        }
    }
}

impl NameSource for Machined {
    fn name(&self) -> &'static str {
        "machined"
    }

    fn look(&mut self, wanted: &[Subject]) -> Names {
        let mut names = Names {
            places: self.units.update(read),
            ..Names::default()
        };
        for subject in wanted {
            let Some(unit) = &subject.unit else {
                continue;
            };
            let info = self.units.iter().find_map(|units| units.get(unit));
            if let Some(info) = info {
                names.infos.insert(subject.clone(), Arc::clone(info));
            }
        }
        names
    }
}

/// Each file is a machine; links such as `unit:NAME` lead to one.
fn read(dir: &Path) -> io::Result<HashMap<Vec<u8>, Arc<RuntimeInfo>>> {
    let mut units = HashMap::new();
    for entry in fs::read_dir(dir)?.take(MAX_MACHINES).filter_map(Result::ok) {
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        if let Ok(bytes) = read_bounded(&entry.path(), MAX_BYTES)
            && let Some((unit, info)) = machine(&String::from_utf8_lossy(&bytes))
        {
            units.insert(unit, Arc::new(info.from("machined", &entry.path())));
        }
    }
    Ok(units)
}

fn machine(text: &str) -> Option<(Vec<u8>, RuntimeInfo)> {
    let value = |wanted: &str| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let found = lines.into_iter().find(|(key, _)| *key == wanted);
        found.map(|(_, value)| value.trim_matches('"').replace(r"\\", r"\"))
    };
    let (name, unit) = (value("NAME")?, value("SCOPE").or_else(|| value("UNIT"))?);
    let (class, service) = (value("CLASS"), value("SERVICE"));
    let orchestrator = match (service.as_deref(), class.as_deref()) {
        (Some("libvirt-qemu"), _) => Orchestrator::Kvm,
        (Some("libvirt-lxc"), _) => Orchestrator::Lxc,
        (Some("systemd-nspawn"), _) => Orchestrator::Nspawn,
        (_, Some("vm")) => Orchestrator::Kvm,
        _ => Orchestrator::Nspawn,
    };
    // libvirt registers a machine by its driver and number, which are not in its name.
    let name = if service.is_some_and(|service| service.starts_with("libvirt-")) {
        String::new()
    } else {
        name
    };
    let labels = [("machine_class", class.as_deref())];
    let info = RuntimeInfo::machine(orchestrator, &name, labels);
    Some((unit.into_bytes(), info))
}
