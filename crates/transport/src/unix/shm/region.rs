//! The file behind a region: made by the server, attached by the client.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::endpoint::Endpoint;
use crate::link::{AttachError, SessionPlan};
use crate::shm::Side;
use crate::shm::areas::Areas;
use crate::sys::{self, Errno, FileId, FileType, Mapping};
use crate::unix::run_dir::RunDir;
use crate::wait::{Wait, lock};

use super::area::Area;
use super::header::{self, HEADER, Owner};
use super::slots::{FutexSlots, Terms};
use super::stale;

/// How long a server of another make may take to finish the region that it has announced.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often to look meanwhile.
const RETRY: Duration = Duration::from_millis(5);

/// The regions that this process has made and not yet removed.
static OWN: Mutex<Vec<FileId>> = Mutex::new(Vec::new());

impl FutexSlots {
    /// Server: makes the region of a session, complete on return. A failure leaves nothing behind.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where another live session has its name.
    pub(crate) fn create(
        dir: &Arc<RunDir>,
        endpoint: &Endpoint,
        plan: &SessionPlan,
        looks_first: bool,
    ) -> io::Result<Self> {
        let areas = Areas::for_plan(plan, HEADER).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "the limits exceed what a region can hold",
            )
        })?;
        let name = endpoint.region_name(plan.session_id);
        let (fd, file) = match OwnFile::create(dir, &name) {
            Err(Errno::EXIST) if stale::remove_stale(dir, &name) => OwnFile::create(dir, &name),
            created => created,
        }?;
        sys::make_private(&fd)?;
        // Real blocks, or an error now: a sparse file would be a SIGBUS on a full file system later.
        sys::allocate(&fd, areas.size().into())?;
        let mapping = Mapping::new(&fd, areas.size() as usize)?;
        let area = Area::new(mapping, areas);
        area.write_header(Owner {
            pid: sys::own_pid(),
            generation: generation(),
        });
        let terms = terms(plan, looks_first);
        Ok(Self::new(area, Side::Server, terms, Some(file)))
    }

    /// Client: attaches the region that the server has announced, waiting a little for servers that
    /// finish it late. `hung_up` tells whether the server is gone.
    pub(crate) fn attach(
        endpoint: &Endpoint,
        plan: &SessionPlan,
        looks_first: bool,
        wait: &Wait<'_>,
        mut hung_up: impl FnMut() -> bool,
    ) -> Result<Self, AttachError> {
        let path = endpoint.place().join(endpoint.region_name(plan.session_id));
        let patience = Wait::timeout(PATIENCE);
        loop {
            let refusal = match map(&path, plan) {
                Ok(area) => {
                    let terms = terms(plan, looks_first);
                    return Ok(Self::new(area, Side::Client, terms, None));
                }
                Err(refusal) => refusal,
            };
            if hung_up() {
                return Err(AttachError::HungUp);
            }
            if refusal.lasting || patience.check().is_err() {
                let region = path.display().to_string();
                return Err(AttachError::Unusable {
                    profile: plan.profile,
                    region,
                    why: refusal.why,
                });
            }
            wait.sleep(RETRY)
                .map_err(|source| AttachError::Interrupted {
                    profile: plan.profile,
                    source,
                })?;
        }
    }
}

fn terms(plan: &SessionPlan, looks_first: bool) -> Terms {
    Terms {
        request_bytes: plan.request_bytes,
        response_bytes: plan.response_bytes,
        looks_first,
    }
}

/// Whether a region is one of this process and still in use.
pub(super) fn is_own(id: FileId) -> bool {
    lock(&OWN).contains(&id)
}

/// The name of a region in the file system; dropping it removes the name.
#[derive(Debug)]
pub(super) struct OwnFile {
    dir: Arc<RunDir>,
    name: PathBuf,
    id: FileId,
    is_removed: bool,
    /// The process that serves: a copy in a child of its own removes nothing.
    owner: i32,
}

impl OwnFile {
    fn create(dir: &Arc<RunDir>, name: &Path) -> Result<(OwnedFd, Self), Errno> {
        // One step for whoever judges regions: a new file is in the table before it can be asked for.
        let mut own = lock(&OWN);
        let fd = sys::create_private(dir, name)?;
        let id = match sys::look_into(&fd) {
            Ok(info) => info.id,
            Err(errno) => {
                // It is ours: it has just been made.
                let _ = sys::remove(dir, name);
                return Err(errno);
            }
        };
        own.push(id);
        Ok((
            fd,
            Self {
                dir: Arc::clone(dir),
                name: name.to_owned(),
                id,
                is_removed: false,
                owner: sys::own_pid(),
            },
        ))
    }

    /// Removes the name; gives it back where that failed, so that dropping it is another try.
    pub(super) fn remove(mut self) -> Option<Self> {
        self.try_remove();
        (!self.is_removed).then_some(self)
    }

    fn try_remove(&mut self) {
        if self.is_removed || self.owner != sys::own_pid() {
            return;
        }
        match sys::remove_if(&self.dir, &self.name, self.id) {
            Ok(_) => self.is_removed = true,
            Err(errno) => {
                tracing::warn!(region = %self.name.display(), error = %errno, "cannot remove a shared region");
            }
        }
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if self.owner != sys::own_pid() {
            return;
        }
        self.try_remove();
        let mut own = lock(&OWN);
        own.retain(|id| *id != self.id);
        if own.is_empty() {
            // A program that looks for leaks at its end finds none.
            *own = Vec::new();
        }
    }
}

/// Why a region cannot be used.
struct Refusal {
    why: String,
    /// Whether waiting does not help.
    lasting: bool,
}

impl Refusal {
    fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            lasting: false,
        }
    }

    fn lasting(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            lasting: true,
        }
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        let why = io::Error::from(errno).to_string();
        Self {
            why,
            lasting: errno != Errno::NOENT,
        }
    }
}

fn map(path: &Path, plan: &SessionPlan) -> Result<Area, Refusal> {
    let fd = sys::open_read_write(sys::CWD, path)?;
    let file = sys::look_into(&fd)?;
    if file.kind != FileType::RegularFile {
        return Err(Refusal::lasting("it is no regular file"));
    }
    if file.uid != sys::own_uid() && file.uid != 0 {
        return Err(Refusal::lasting(format!("it belongs to user {}", file.uid)));
    }
    // One copy, and only the copy is looked at: the file may change under us.
    let mut bytes = [0; HEADER];
    if file.size < HEADER as u64 || sys::read_start(&fd, &mut bytes)? < HEADER {
        return Err(Refusal::passing("it is shorter than its header"));
    }
    let areas = header::decode(&bytes, file.size, plan).map_err(|flaw| Refusal {
        why: flaw.why,
        lasting: flaw.lasting,
    })?;
    let mapping = Mapping::new(&fd, areas.size() as usize)?;
    Ok(Area::new(mapping, areas))
}

/// Tells the regions of one process id apart, and is never 0, which means "none".
fn generation() -> u32 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u32::try_from(now.as_secs() & u64::from(u32::MAX))
        .unwrap_or_default()
        .max(1)
}
