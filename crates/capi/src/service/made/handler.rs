//! What answers the requests of a server of each service.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "functions of C are called here")]

use std::ffi::c_void;

use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::StringReverse;
use netipc::{Handler, HandlerFailed};

use crate::error::nipc_error_t;
use crate::layout::layout;
use crate::protocol::{
    Builder, nipc_apps_lookup_builder_t, nipc_apps_lookup_handler_fn, nipc_apps_lookup_req_view_t,
    nipc_cgroups_builder_t, nipc_cgroups_handler_fn, nipc_cgroups_lookup_builder_t,
    nipc_cgroups_lookup_handler_fn, nipc_cgroups_lookup_req_view_t, nipc_cgroups_req_t,
    nipc_increment_handler_fn, nipc_string_reverse_builder_t, nipc_string_reverse_handler_fn,
    nipc_string_reverse_view_t, zeroed,
};
use crate::service::handler::{Callback, User, handler_result};
use crate::service::server_handle::ServerId;

/// The handler of a server of cgroups-snapshot.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nipc_cgroups_service_handler_t {
    /// What answers requests. Where it is NULL, every request fails: clients get
    /// NIPC_ERR_HANDLER_FAILED.
    pub handle: nipc_cgroups_handler_fn,
    /// About how many items a snapshot has. A hint: nothing is reserved for them, and nothing is left
    /// out beyond them.
    pub snapshot_max_items: u32,
    /// What the function gets as its first argument. It must live until the server is destroyed, or
    /// nipc_server_run has returned, if that is later.
    pub user: *mut c_void,
}

/// The handler of a server of cgroups-lookup.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nipc_cgroups_lookup_service_handler_t {
    /// As in nipc_cgroups_service_handler_t.
    pub handle: nipc_cgroups_lookup_handler_fn,
    /// As in nipc_cgroups_service_handler_t.
    pub user: *mut c_void,
}

/// The handler of a server of apps-lookup.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nipc_apps_lookup_service_handler_t {
    /// As in nipc_cgroups_service_handler_t.
    pub handle: nipc_apps_lookup_handler_fn,
    /// As in nipc_cgroups_service_handler_t.
    pub user: *mut c_void,
}

/// The handler of a server of increment.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nipc_increment_service_handler_t {
    /// As in nipc_cgroups_service_handler_t.
    pub handle: nipc_increment_handler_fn,
    /// As in nipc_cgroups_service_handler_t.
    pub user: *mut c_void,
}

/// The handler of a server of string-reverse.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nipc_string_reverse_service_handler_t {
    /// As in nipc_cgroups_service_handler_t.
    pub handle: nipc_string_reverse_handler_fn,
    /// As in nipc_cgroups_service_handler_t.
    pub user: *mut c_void,
}

zeroed!(
    nipc_cgroups_service_handler_t,
    nipc_cgroups_lookup_service_handler_t,
    nipc_apps_lookup_service_handler_t,
    nipc_increment_service_handler_t,
    nipc_string_reverse_service_handler_t,
);

impl Callback for nipc_cgroups_service_handler_t {
    type Service = CgroupsSnapshot;

    fn function_bound_to(self, id: ServerId) -> Option<Handler<CgroupsSnapshot>> {
        let (handle, user) = (self.handle?, User::new(self.user, id));
        Some(Handler::<CgroupsSnapshot>::new(move |request, answer| {
            let request = nipc_cgroups_req_t::of_request(*request);
            let mut builder = nipc_cgroups_builder_t::lend(answer);
            // SAFETY: it is called as the header says.
            let answered = user.call(|user| unsafe { handle(user, &request, &mut builder) });
            handler_result(answered, builder.returned())
        }))
    }
}

impl Callback for nipc_cgroups_lookup_service_handler_t {
    type Service = CgroupsLookup;

    fn function_bound_to(self, id: ServerId) -> Option<Handler<CgroupsLookup>> {
        let (handle, user) = (self.handle?, User::new(self.user, id));
        Some(Handler::<CgroupsLookup>::new(move |request, answer| {
            let request = nipc_cgroups_lookup_req_view_t::of_request(*request);
            let mut builder = nipc_cgroups_lookup_builder_t::lend(answer);
            // SAFETY: it is called as the header says.
            let answered = user.call(|user| unsafe { handle(user, &request, &mut builder) });
            handler_result(answered, builder.returned())
        }))
    }
}

impl Callback for nipc_apps_lookup_service_handler_t {
    type Service = AppsLookup;

    fn function_bound_to(self, id: ServerId) -> Option<Handler<AppsLookup>> {
        let (handle, user) = (self.handle?, User::new(self.user, id));
        Some(Handler::<AppsLookup>::new(move |request, answer| {
            let request = nipc_apps_lookup_req_view_t::of_request(*request);
            let mut builder = nipc_apps_lookup_builder_t::lend(answer);
            // SAFETY: it is called as the header says.
            let answered = user.call(|user| unsafe { handle(user, &request, &mut builder) });
            handler_result(answered, builder.returned())
        }))
    }
}

impl Callback for nipc_increment_service_handler_t {
    type Service = Increment;

    fn function_bound_to(self, id: ServerId) -> Option<Handler<Increment>> {
        let (handle, user) = (self.handle?, User::new(self.user, id));
        Some(Handler::<Increment>::new(move |request, answer| {
            let mut response = 0;
            // SAFETY: it is called as the header says.
            let answered = user.call(|user| unsafe { handle(user, *request, &mut response) });
            handler_result(answered, Some(nipc_error_t::OK))?;
            answer.put(&response).map_err(HandlerFailed::from)
        }))
    }
}

impl Callback for nipc_string_reverse_service_handler_t {
    type Service = StringReverse;

    fn function_bound_to(self, id: ServerId) -> Option<Handler<StringReverse>> {
        let (handle, user) = (self.handle?, User::new(self.user, id));
        Some(Handler::<StringReverse>::new(move |request, answer| {
            let request = nipc_string_reverse_view_t::of_text(*request);
            let mut builder = nipc_string_reverse_builder_t::lend(answer);
            // SAFETY: it is called as the header says.
            let answered = user.call(|user| unsafe { handle(user, &request, &mut builder) });
            handler_result(answered, builder.returned())
        }))
    }
}

layout! {
    nipc_cgroups_service_handler_t: 24 { handle: 0, snapshot_max_items: 8, user: 16 }
    nipc_cgroups_lookup_service_handler_t: 16 { handle: 0, user: 8 }
    nipc_apps_lookup_service_handler_t: 16 { handle: 0, user: 8 }
    nipc_increment_service_handler_t: 16 { handle: 0, user: 8 }
    nipc_string_reverse_service_handler_t: 16 { handle: 0, user: 8 }
}
