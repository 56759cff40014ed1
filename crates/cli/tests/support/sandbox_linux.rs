//! Programs to which the system refuses calls, as a sandbox has it.
#![cfg(target_arch = "x86_64")]

use std::process::Command;

/// Calls by their numbers, of mmap the one that shares, and of write the one that sets an event.
pub(crate) const WRITE_OF_AN_EVENT: &str = "1:1:2:8";
pub(crate) const MMAP_SHARED: &str = "9:1:3:1";
pub(crate) const FLOCK: &str = "73:1";
pub(crate) const FTRUNCATE: &str = "77:1";
pub(crate) const FALLOCATE: &str = "285:1";
pub(crate) const MEMFD_CREATE: &str = "319:1";

/// Each rule is CALL:ERRNO, or CALL:ERRNO:ARGUMENT:VALUE for one that has such an argument.
const SANDBOX: &str = r#"
import ctypes, os, struct, sys
rules, program = sys.argv[1].split(), sys.argv[2:]
LOAD, EQUALS, ANSWER, ALLOW, REFUSE = 0x20, 0x15, 0x06, 0x7fff0000, 0x00050000
code = []
for rule in rules:
    call, errno, *argument = map(int, rule.split(':'))
    code.append((LOAD, 0, 0, 0))
    if argument:
        code += [(EQUALS, 0, 3, call), (LOAD, 0, 0, 16 + 8 * argument[0]), (EQUALS, 0, 1, argument[1])]
    else:
        code.append((EQUALS, 0, 1, call))
    code.append((ANSWER, 0, 0, REFUSE | errno))
code.append((ANSWER, 0, 0, ALLOW))
filters = ctypes.create_string_buffer(b''.join(struct.pack('=HBBI', *one) for one in code))
class Program(ctypes.Structure):
    _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 4
ready = Program(len(code), ctypes.addressof(filters))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.addressof(ready), 0, 0):
    sys.exit('no filter: ' + os.strerror(ctypes.get_errno()))
os.execv(program[0], program)
"#;

/// A command to whose program these calls are refused.
pub(crate) fn refusing(rules: &[&str], command: &Command) -> Command {
    let mut sandbox = Command::new("python3");
    sandbox
        .args(["-c", SANDBOX, &rules.join(" ")])
        .arg(command.get_program())
        .args(command.get_args());
    super::piped(sandbox)
}
