//! Enrichers of the lookups that C has types for: cgroups by their paths, and processes by their ids.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_char;

use netipc::enricher::TypedFormat;
use netipc::lookup::{NumberKey, TextKey};
use netipc::service::apps_lookup::AppsLookup as Apps;
use netipc::service::cgroups_lookup::CgroupsLookup as Cgroups;

use super::enricher::{EnricherHandle, Typed, init, nipc_enricher_t};
use super::enricher_read::{
    invalid, look, nipc_enricher_found_t, nipc_enricher_guard_t, with_encoded,
};
use super::enricher_types::nipc_enricher_config_t;
use crate::border::{catch_code, chars};
use crate::protocol::{
    nipc_apps_lookup_item_view_t, nipc_cgroups_lookup_item_view_t,
    nipc_cgroups_lookup_item_view_t as CgroupView,
};
use crate::service::config::nipc_client_config_t;

/// Makes an enricher of the service at run_dir/service.sock that asks for cgroups by their paths. Connects
/// to nothing. Nothing is kept of the arguments. An enricher that was used before must have been closed.
///
/// \param enricher  where it will be; need not be initialised
/// \param run_dir   the directory of the endpoints
/// \param service   the name of the service
/// \param client    how to connect and call; NULL is a zeroed one
/// \param config    how much to keep; NULL is a zeroed one
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_init_cgroups(
    enricher: *mut nipc_enricher_t,
    run_dir: *const c_char,
    service: *const c_char,
    client: *const nipc_client_config_t,
    config: *const nipc_enricher_config_t,
) {
    let format = || Ok(TypedFormat::<Cgroups>::boxed());
    // SAFETY: C promises what `init` asks for.
    catch_code(|| unsafe {
        init(
            enricher,
            run_dir,
            service,
            client,
            config,
            Typed::Cgroups,
            format,
        )
    });
}

/// As nipc_enricher_init_cgroups, for processes by their ids.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_init_processes(
    enricher: *mut nipc_enricher_t,
    run_dir: *const c_char,
    service: *const c_char,
    client: *const nipc_client_config_t,
    config: *const nipc_enricher_config_t,
) {
    let format = || Ok(TypedFormat::<Apps>::boxed());
    // SAFETY: C promises what `init` asks for.
    catch_code(|| unsafe {
        init(
            enricher,
            run_dir,
            service,
            client,
            config,
            Typed::Apps,
            format,
        )
    });
}

/// Looks a cgroup up by its path. What may be asked is queued. Memory only.
///
/// \param enricher  one of nipc_enricher_init_cgroups
/// \param guard     a locked guard of it
/// \param path      the path
/// \param path_len  its bytes
/// \param item      the item, which lives as long as the guard; zeroed where there is none
/// \param out       what was found besides; may be NULL
/// \return whether there is an item, or why not: a NIPC_FOUND_ number
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_get_cgroup(
    enricher: *const nipc_enricher_t,
    guard: *const nipc_enricher_guard_t,
    path: *const c_char,
    path_len: u32,
    item: *mut nipc_cgroups_lookup_item_view_t,
    out: *mut nipc_enricher_found_t,
) -> u32 {
    let get = |handle: &EnricherHandle, guard| {
        // SAFETY: C promises the path.
        let path = TextKey::new(unsafe { chars(path, path_len) }?);
        let Ok(path) = path else {
            return Ok(invalid(handle));
        };
        Ok(with_encoded(&path, |key| handle.reader.get(guard, key, 0)))
    };
    // SAFETY: C promises enricher, guard, and room.
    unsafe {
        look(enricher, guard, Typed::Cgroups, item, out, get, |item| {
            CgroupView::kept(item.typed::<Cgroups>(), item.labels().0)
        })
    }
}

/// Looks a process up by its id, as nipc_enricher_get_cgroup.
///
/// \param enricher   one of nipc_enricher_init_processes
/// \param starttime  when the process started, as nipc_apps_lookup_item_view_t has it: an item of another one
///                   that had this id is not given; 0 takes any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_get_process(
    enricher: *const nipc_enricher_t,
    guard: *const nipc_enricher_guard_t,
    pid: u32,
    starttime: u64,
    item: *mut nipc_apps_lookup_item_view_t,
    out: *mut nipc_enricher_found_t,
) -> u32 {
    let get = |handle: &EnricherHandle, guard| {
        let get = |key: &[u8]| handle.reader.get(guard, key, starttime);
        Ok(with_encoded(&NumberKey(pid), get))
    };
    // SAFETY: C promises enricher, guard, and room.
    unsafe {
        look(enricher, guard, Typed::Apps, item, out, get, |item| {
            nipc_apps_lookup_item_view_t::kept(item.typed::<Apps>(), item.labels().0)
        })
    }
}
