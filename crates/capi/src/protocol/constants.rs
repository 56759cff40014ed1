//! The numbers of the protocol, as literals for the header, each held to what the crates use.

use netipc::lookup::LOOKUP_HEADER_LEN;
use netipc::protocol::{
    Kind, MAX_PAYLOAD_CAP, MAX_PAYLOAD_DEFAULT, MAX_RESPONSE_PAYLOAD_CAP, Profiles, Status,
    UID_UNSET,
};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::snapshot::{SNAPSHOT_HEADER_LEN, Snapshot, SnapshotRequest};
use netipc::wire::{
    ChunkHeader, ENTRY_LEN, Flags, Header, Hello, HelloAck, LABEL_ENTRY_LEN, Opcode, align8,
};

/// The platform's packet socket; on Windows, the named pipe.
pub const NIPC_PROFILE_BASELINE: u32 = 0x01;
/// Shared memory that spins before it waits in the kernel.
pub const NIPC_PROFILE_SHM_HYBRID: u32 = 0x02;
/// Shared memory that waits in the kernel at once; on Windows it spins instead, for clients that
/// ask for exactly this.
pub const NIPC_PROFILE_SHM_FUTEX: u32 = 0x04;
/// Reserved.
pub const NIPC_PROFILE_SHM_WAITADDR: u32 = 0x08;
/// Rings in sealed memory that the server passes over the socket: the fastest, between peers of ours
/// on Linux; others leave it out. Whoever wants shared memory does well to offer it beside a region.
pub const NIPC_PROFILE_SHM_RING: u32 = 0x10;

/// The first four bytes of a message.
pub const NIPC_MAGIC_MSG: u32 = 0x4e49_5043;
/// The first four bytes of every packet of a message but the first.
pub const NIPC_MAGIC_CHUNK: u32 = 0x4e43_484b;
/// The version of the envelope.
pub const NIPC_VERSION: u32 = 1;
/// A message that asks.
pub const NIPC_KIND_REQUEST: u32 = 1;
/// A message that answers.
pub const NIPC_KIND_RESPONSE: u32 = 2;
/// A message that sets the session up.
pub const NIPC_KIND_CONTROL: u32 = 3;
/// The flag of a message whose payload is a batch.
pub const NIPC_FLAG_BATCH: u32 = 1;
/// The control message that a client starts with.
pub const NIPC_CODE_HELLO: u32 = 1;
/// The control message that a server answers it with.
pub const NIPC_CODE_HELLO_ACK: u32 = 2;

/// Answered.
pub const NIPC_STATUS_OK: u32 = 0;
/// The request could not be understood.
pub const NIPC_STATUS_BAD_ENVELOPE: u32 = 1;
/// The token is not the server's, or the peer is not welcome.
pub const NIPC_STATUS_AUTH_FAILED: u32 = 2;
/// Another version of the protocol.
pub const NIPC_STATUS_INCOMPATIBLE: u32 = 3;
/// Another method than the endpoint serves, or no common profile.
pub const NIPC_STATUS_UNSUPPORTED: u32 = 4;
/// More than was agreed.
pub const NIPC_STATUS_LIMIT_EXCEEDED: u32 = 5;
/// The handler failed, or the server is full.
pub const NIPC_STATUS_INTERNAL_ERROR: u32 = 6;

/// The uid of a process that is not known.
pub const NIPC_UID_UNSET: u32 = 0xffff_ffff;
/// Bytes of a request payload that an unconfigured client proposes first.
pub const NIPC_MAX_PAYLOAD_DEFAULT: u32 = 1024;
/// Bytes of a request payload that automatic growth stops at, and the maximum of an unconfigured
/// server.
pub const NIPC_MAX_PAYLOAD_CAP: u32 = 1_048_576;
/// Bytes of a response payload that automatic growth stops at, and the maximum of an unconfigured
/// server: a snapshot of some 57000 cgroups of Kubernetes.
pub const NIPC_MAX_RESPONSE_PAYLOAD_CAP: u32 = 16_777_216;

/// What items, and whole batches, start at multiples of.
pub const NIPC_ALIGNMENT: u32 = 8;
/// A number: the request and the response of increment.
pub const NIPC_INCREMENT_PAYLOAD_SIZE: u32 = 8;
/// In front of a text: the request and the response of string-reverse.
pub const NIPC_STRING_REVERSE_HDR_SIZE: u32 = 8;
/// The envelope of a message.
pub const NIPC_HEADER_LEN: u32 = 32;
/// The envelope of every packet of a message but the first.
pub const NIPC_CHUNK_HEADER_LEN: u32 = 32;
/// The payload of a hello.
pub const NIPC_HELLO_LEN: u32 = 44;
/// As NIPC_HELLO_LEN: sizeof(nipc_hello_t) is larger.
pub const NIPC_HELLO_WIRE_SIZE: u32 = 44;
/// The payload of the answer to a hello.
pub const NIPC_HELLO_ACK_LEN: u32 = 48;
/// An entry of a batch's directory.
pub const NIPC_BATCH_ENTRY_SIZE: u32 = 8;
/// The request of a snapshot, all of it.
pub const NIPC_CGROUPS_REQ_HDR_SIZE: u32 = 4;
/// In front of a snapshot's directory.
pub const NIPC_CGROUPS_RESP_HDR_SIZE: u32 = 24;
/// An entry of a snapshot's directory.
pub const NIPC_CGROUPS_DIR_ENTRY_SIZE: u32 = 8;
/// In front of the strings of a snapshot's item.
pub const NIPC_CGROUPS_ITEM_HDR_SIZE: u32 = 32;
/// In front of the directory of a lookup's request.
pub const NIPC_LOOKUP_REQ_HDR_SIZE: u32 = 16;
/// In front of the directory of a lookup's answer.
pub const NIPC_LOOKUP_RESP_HDR_SIZE: u32 = 16;
/// An entry of a lookup's directory.
pub const NIPC_LOOKUP_DIR_ENTRY_SIZE: u32 = 8;
/// An entry of an item's label table.
pub const NIPC_LOOKUP_LABEL_ENTRY_SIZE: u32 = 16;
/// None of the numbers is made up here.
const _: () = {
    assert!(NIPC_PROFILE_BASELINE == Profiles::BASELINE.0);
    assert!(NIPC_PROFILE_SHM_HYBRID == Profiles::SHM_HYBRID.0);
    assert!(NIPC_PROFILE_SHM_FUTEX == Profiles::SHM_FUTEX.0);
    assert!(NIPC_PROFILE_SHM_WAITADDR == Profiles::SHM_WAITADDR.0);
    assert!(NIPC_PROFILE_SHM_RING == Profiles::SHM_RING.0);
    assert!(NIPC_MAGIC_MSG == Header::MAGIC);
    assert!(NIPC_MAGIC_CHUNK == ChunkHeader::MAGIC);
    assert!(NIPC_VERSION == Header::VERSION as u32);
    assert!(NIPC_KIND_REQUEST == Kind::REQUEST.0 as u32);
    assert!(NIPC_KIND_RESPONSE == Kind::RESPONSE.0 as u32);
    assert!(NIPC_KIND_CONTROL == Kind::CONTROL.0 as u32);
    assert!(NIPC_FLAG_BATCH == Flags::BATCH.0 as u32);
    assert!(NIPC_CODE_HELLO == Opcode::HELLO.0 as u32);
    assert!(NIPC_CODE_HELLO_ACK == Opcode::HELLO_ACK.0 as u32);
    assert!(NIPC_STATUS_OK == Status::OK.0 as u32);
    assert!(NIPC_STATUS_BAD_ENVELOPE == Status::BAD_ENVELOPE.0 as u32);
    assert!(NIPC_STATUS_AUTH_FAILED == Status::AUTH_FAILED.0 as u32);
    assert!(NIPC_STATUS_INCOMPATIBLE == Status::INCOMPATIBLE.0 as u32);
    assert!(NIPC_STATUS_UNSUPPORTED == Status::UNSUPPORTED.0 as u32);
    assert!(NIPC_STATUS_LIMIT_EXCEEDED == Status::LIMIT_EXCEEDED.0 as u32);
    assert!(NIPC_STATUS_INTERNAL_ERROR == Status::INTERNAL_ERROR.0 as u32);
    assert!(NIPC_UID_UNSET == UID_UNSET);
    assert!(NIPC_MAX_PAYLOAD_DEFAULT == MAX_PAYLOAD_DEFAULT);
    assert!(NIPC_MAX_PAYLOAD_CAP == MAX_PAYLOAD_CAP);
    assert!(NIPC_MAX_RESPONSE_PAYLOAD_CAP == MAX_RESPONSE_PAYLOAD_CAP);
    assert!(NIPC_HEADER_LEN as usize == Header::LEN);
    assert!(NIPC_CHUNK_HEADER_LEN as usize == ChunkHeader::LEN);
    assert!(NIPC_HELLO_LEN as usize == Hello::LEN);
    assert!(NIPC_HELLO_WIRE_SIZE as usize == Hello::LEN);
    assert!(NIPC_ALIGNMENT as usize == align8(1));
    assert!(NIPC_INCREMENT_PAYLOAD_SIZE as usize == size_of::<u64>());
    assert!(NIPC_HELLO_ACK_LEN as usize == HelloAck::LEN);
    assert!(NIPC_BATCH_ENTRY_SIZE as usize == ENTRY_LEN);
    assert!(NIPC_CGROUPS_REQ_HDR_SIZE as usize == SnapshotRequest::LEN);
    assert!(NIPC_CGROUPS_RESP_HDR_SIZE as usize == SNAPSHOT_HEADER_LEN);
    assert!(NIPC_CGROUPS_DIR_ENTRY_SIZE as usize == ENTRY_LEN);
    assert!(NIPC_CGROUPS_ITEM_HDR_SIZE as usize == CgroupsSnapshot::ITEM_HEADER_LEN);
    assert!(NIPC_LOOKUP_REQ_HDR_SIZE as usize == LOOKUP_HEADER_LEN);
    assert!(NIPC_LOOKUP_RESP_HDR_SIZE as usize == LOOKUP_HEADER_LEN);
    assert!(NIPC_LOOKUP_DIR_ENTRY_SIZE as usize == ENTRY_LEN);
    assert!(NIPC_LOOKUP_LABEL_ENTRY_SIZE as usize == LABEL_ENTRY_LEN);
};

#[cfg(test)]
mod tests {
    use netipc::service::string_reverse::Text;
    use netipc::wire::Encode;

    use super::*;

    #[test]
    fn a_text_lies_behind_its_header() {
        let header = Text::new(b"").size() - 1;
        assert_eq!(header, NIPC_STRING_REVERSE_HDR_SIZE as usize);
    }
}
