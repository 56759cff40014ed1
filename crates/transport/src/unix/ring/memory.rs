//! The memory of a ring: made and sealed by the server, checked and mapped by the client.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use crate::link::SessionPlan;
use crate::sys::{self, FileType, Mapping, SharedMap};

use super::layout::Layout;

/// A mapped ring.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(super) map: Arc<SharedMap>,
    pub(super) layout: Layout,
}

impl Ring {
    fn map(fd: &OwnedFd, layout: Layout) -> io::Result<Self> {
        let mapping = Mapping::new(fd, layout.size())?;
        Ok(Self {
            map: Arc::new(SharedMap::new(mapping)),
            layout,
        })
    }
}

/// Server: makes the ring of a session, and the descriptor to pass.
pub(crate) fn create(plan: &SessionPlan) -> io::Result<(Ring, OwnedFd)> {
    let layout = Layout::for_plan(plan);
    let fd = sys::create_sealed(layout.size() as u64)?;
    // Now, while there still is another profile to take.
    sys::try_to_pass(fd.as_fd())?;
    let ring = Ring::map(&fd, layout)?;
    // All but the header was never written and so reads as 0.
    ring.map.write(0, &layout.encode());
    Ok((ring, fd))
}

/// Client: maps what the server has passed.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn attach(fd: &OwnedFd) -> Result<Ring, String> {
    let tell = |error: &dyn std::fmt::Display| error.to_string();
    let file = sys::look_into(fd).map_err(|errno| tell(&io::Error::from(errno)))?;
    if file.kind != FileType::RegularFile {
        return Err("it is no memory".to_owned());
    }
    // Whoever could still shrink it could end us by that.
    if !sys::is_sealed(fd) {
        return Err("it is not sealed against changes of its size".to_owned());
    }
    if sys::has_other_pages(fd) {
        return Err("it is not of ordinary pages".to_owned());
    }
    let mut header = [0; Layout::HEADER];
    match sys::read_start(fd, &mut header) {
        Ok(Layout::HEADER) => {}
        Ok(_) => return Err("it is shorter than its header".to_owned()),
        Err(errno) => return Err(tell(&io::Error::from(errno))),
    }
    let layout = Layout::decode(&header, file.size)?;
    Ring::map(fd, layout).map_err(|error| tell(&error))
}
