//! What the numbers of states and transports are called.

#![expect(unsafe_code, reason = "the functions of the header are not mangled")]

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

use super::types::{nipc_client_state_t, nipc_transport_t};
use crate::border::catch;

/// Names a state in a word or two, such as "not found".
///
/// \param state  any number; one that is no state is an "unknown state"
/// \return a text that lives as long as the program, never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_state_name(
    // C may pass any number.
    state: MaybeUninit<nipc_client_state_t>,
) -> *const c_char {
    const UNKNOWN: &CStr = c"unknown state";
    catch(UNKNOWN.as_ptr(), || {
        // SAFETY: C passes a number; whether it is a state is looked at next.
        let name = match unsafe { state.as_ptr().cast::<u32>().read() } {
            0 => c"disconnected",
            1 => c"connecting",
            2 => c"ready",
            3 => c"not found",
            4 => c"auth failed",
            5 => c"incompatible",
            6 => c"broken",
            _ => UNKNOWN,
        };
        name.as_ptr()
    })
}

/// Names what carries the data: "none", "socket" (on Windows, too, where it is a named pipe), "shm".
///
/// \param transport  any number; one that is no transport is an "unknown transport"
/// \return a text that lives as long as the program, never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_transport_name(
    // C may pass any number.
    transport: MaybeUninit<nipc_transport_t>,
) -> *const c_char {
    const UNKNOWN: &CStr = c"unknown transport";
    catch(UNKNOWN.as_ptr(), || {
        // SAFETY: C passes a number; whether it is a transport is looked at next.
        let name = match unsafe { transport.as_ptr().cast::<u32>().read() } {
            0 => c"none",
            1 => c"socket",
            2 => c"shm",
            _ => UNKNOWN,
        };
        name.as_ptr()
    })
}

#[cfg(test)]
mod tests {
    use netipc::ClientState;
    use netipc::transport::link::LinkKind;

    use super::*;

    fn text(name: *const c_char) -> &'static str {
        // SAFETY: the functions give strings that live as long as the program.
        unsafe { CStr::from_ptr(name) }.to_str().unwrap()
    }

    #[test]
    fn states_and_transports_are_called_as_in_rust() {
        for number in 0..=6 {
            let state = ClientState::from_number(number);
            // SAFETY: a state.
            let name = unsafe { nipc_client_state_name(MaybeUninit::new(state.into())) };
            assert_eq!(text(name), state.to_string());
        }
        for kind in [LinkKind::Socket, LinkKind::SharedMemory] {
            // SAFETY: a transport.
            let name = unsafe { nipc_transport_name(MaybeUninit::new(kind.into())) };
            assert_eq!(text(name), kind.to_string());
        }
    }
}
