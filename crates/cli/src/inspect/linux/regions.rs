//! Shared regions that have a name in the run directory.

use std::fs;
use std::path::Path;

use super::Machine;
use super::endpoints::file;
use super::memory::{header_of, id_in_maps, of_header, owner, region_name};
use super::processes::can_have_made;
use crate::inspect::{Process, Region, RegionFile, RegionLife};

/// The region of that name; `None` where it is none, or went away meanwhile.
pub(super) fn look(run_dir: &Path, name: &str, machine: &mut Machine) -> Option<RegionFile> {
    let (service, session_id) = region_name(name)?;
    let path = run_dir.join(name);
    let seen = fs::symlink_metadata(&path).ok()?;
    let file = file(&seen, &mut machine.processes);
    let content = header_of(&path);
    let mut region = match &content {
        Ok((header, _)) => of_header(header).unwrap_or_default(),
        Err(error) => Region {
            hidden: Some(error.to_string()),
            ..Region::default()
        },
    };
    region.session_id = Some(session_id);
    region.bytes = seen.len();
    let owner_pid = content.as_ref().ok().map(|(header, _)| owner(header));
    let maker = owner_pid.and_then(|pid| u32::try_from(pid).ok());
    let maker = maker.and_then(|pid| machine.processes.get(pid));
    let mapped_by = mapped_by(maker.as_ref(), &id_in_maps(&seen), machine);
    let (life, evidence) = match (owner_pid, &content) {
        (None, Err(error)) => (RegionLife::Unknown, error.to_string()),
        (owner_pid, _) => judge(
            owner_pid.unwrap_or_default(),
            maker.as_ref(),
            &mapped_by,
            file.age_seconds,
        ),
    };
    Some(RegionFile {
        name: name.to_owned(),
        path,
        service,
        file,
        region,
        owner_pid,
        mapped_by,
        life,
        evidence,
    })
}

/// Whether a region that process `owner_pid` made is in use.
fn judge(
    owner_pid: i32,
    maker: Option<&Process>,
    mapped_by: &[u32],
    age: u64,
) -> (RegionLife, String) {
    if let [first, ..] = mapped_by {
        return (RegionLife::InUse, format!("process {first} has it mapped"));
    }
    match maker {
        Some(maker) if can_have_made(Some(maker), age) => {
            let why = format!("process {owner_pid}, which made it, is alive");
            (RegionLife::InUse, why)
        }
        Some(_) => {
            let why = format!(
                "process {owner_pid}, which made it, is gone: its number belongs to another one"
            );
            (RegionLife::Orphaned, why)
        }
        None => (
            RegionLife::Orphaned,
            format!("process {owner_pid}, which made it, is gone"),
        ),
    }
}

/// The processes that have the region mapped: its maker, and whoever is known to be connected.
fn mapped_by(maker: Option<&Process>, id: &(String, u64), machine: &mut Machine) -> Vec<u32> {
    let has = |pid: &u32| {
        let mapped = machine.maps.of(*pid).unwrap_or_default();
        mapped.iter().any(|mapped| mapped.id == *id)
    };
    maker
        .map(|maker| maker.pid)
        .into_iter()
        .filter(has)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_lives_as_long_as_its_maker() {
        let maker = Process {
            pid: 7,
            uid: 0,
            user: "root".to_owned(),
            command: "netipc".to_owned(),
            state: "alive",
            age_seconds: 100,
        };
        assert_eq!(judge(7, Some(&maker), &[7], 50).0, RegionLife::InUse);
        assert_eq!(judge(7, Some(&maker), &[], 50).0, RegionLife::InUse);
        let (life, why) = judge(7, Some(&maker), &[], 500);
        assert_eq!(life, RegionLife::Orphaned);
        assert!(why.contains("another one"), "{why}");
        assert_eq!(judge(7, None, &[], 0).0, RegionLife::Orphaned);
    }
}
