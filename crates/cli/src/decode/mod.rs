//! `netipc decode`: captured bytes as messages, with every rule that they break.

mod input;
mod packets;
mod pcap;
mod violation;

use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::exit::{self, Exit, Failed};
use crate::plain::plain;
use crate::terminal::wrapped;
use crate::{progress, schema};
use packets::Decoder;
use violation::Violation;

const DETAILS: &str = "\
Without an option the bytes are messages one behind the other. With --hex each line is a packet, in hexadecimal digits; lines as `xxd` \
and `hexdump -C` print them are one packet until their offset begins again. With --strace they are the lines of strace, of which the packets of every \
descriptor are taken: sendto, sendmsg, recvfrom, recvmsg, and of read and write those that are messages. With --pcap they are a capture file: \
packets of a type for users (`text2pcap -l 147`), or the data of UDP packets over IP and Ethernet, as of a program that relays them.

Chunks are put together, and payloads are read by the schema of their method, those of the program and of --schema. What breaks a rule is told with the \
byte of its packet at which it was found and the reason. Tokens are not shown.

Examples:
  strace -f -e trace=network -xx -s 1000000 -o peer.txt -p PID; netipc decode --strace peer.txt
  strace -e trace=network -xx -s 1000000 netipc call increment 1 --profiles baseline 2>&1 | netipc decode --strace
  text2pcap -l 147 dump.txt dump.pcap; netipc decode --pcap dump.pcap
  echo 4350494e 01002000 01000000 01000000 08000000 01000000 0700000000000000 2900000000000000 | netipc decode --hex

Over shared memory there is nothing that strace shows but the handshake.

Exit codes:
   0  every message is as it should be
   2  the input cannot be read, or has no packets
   7  a message breaks a rule";

/// The most that is read.
const MOST: u64 = 1 << 30;

/// Arguments of `decode`.
#[derive(Args, Debug)]
#[command(after_help = "See --help for formats, examples and exit codes.", after_long_help = DETAILS)]
pub(crate) struct DecodeArgs {
    /// What was captured; `-` is stdin
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,

    /// The input is hexadecimal
    #[arg(long)]
    hex: bool,

    /// The input is what strace printed with -xx
    #[arg(long, conflicts_with = "hex")]
    strace: bool,

    /// The input is a capture file, pcap or pcapng
    #[arg(long, conflicts_with_all = ["hex", "strace"])]
    pcap: bool,

    /// What a service is, for one that the program was built without; may be repeated
    #[arg(long, value_name = "FILE.toml")]
    schema: Vec<PathBuf>,

    /// Prints a JSON list
    #[arg(long)]
    json: bool,
}

/// One message, or a packet that is none.
#[derive(Debug, Serialize)]
struct Decoded {
    /// When its first packet was captured, in seconds since 1970, and what it was seen on, where the capture tells.
    time: Option<f64>,
    transport: Option<&'static str>,
    /// Which packets it was in, from 1.
    packets: Vec<usize>,
    /// `sent` or `received`, where that is known, over which descriptor of which process or thread, or between whom.
    way: Option<&'static str>,
    pid: Option<u32>,
    fd: Option<u32>,
    ends: Option<String>,
    bytes: usize,
    /// `request`, `response` or `control`, method or opcode, status and id in a line.
    what: String,
    /// The payload, one value for each of a batch.
    payload: Vec<serde_json::Value>,
    violations: Vec<Violation>,
}

/// Reads, decodes and prints.
pub(crate) fn run(args: &DecodeArgs) -> ExitCode {
    match decode(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(Exit::Protocol as u8),
        Err(failed) => exit::report(Err(failed)),
    }
}

fn decode(args: &DecodeArgs) -> Result<bool, Failed> {
    let usage = |sentence: String| Failed::new(Exit::Usage, sentence);
    let bytes =
        read(&args.file).map_err(|error| usage(format!("{}: {error}", shown(&args.file))))?;
    let packets = if args.pcap {
        pcap::packets(&bytes).map_err(|why| usage(format!("{}: {why}", shown(&args.file))))?
    } else if args.strace {
        input::strace(&String::from_utf8_lossy(&bytes))
    } else if args.hex {
        input::hex(&String::from_utf8_lossy(&bytes)).map_err(usage)?
    } else {
        input::raw(&bytes)
    };
    if packets.is_empty() {
        return Err(usage(format!(
            "{}: there are no packets in it",
            shown(&args.file)
        )));
    }
    let mut decoder = Decoder::new(schema::read_all(&args.schema)?);
    let what = format!("decoding {}", shown(&args.file));
    let decoded = progress::during(&what, || {
        for packet in packets {
            decoder.take(packet);
        }
        decoder.finish()
    });
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = if args.json {
        crate::json::print(&decoded, &mut out)
    } else {
        decoded.iter().try_for_each(|one| print(one, &mut out))
    };
    exit::printed(printed.and_then(|()| out.flush()))?;
    Ok(decoded.iter().all(|one| one.violations.is_empty()))
}

fn shown(file: &Path) -> String {
    if file.as_os_str() == "-" {
        "stdin".to_owned()
    } else {
        file.display().to_string()
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        io::stdin().lock().take(MOST).read_to_end(&mut bytes)?;
    } else {
        fs::File::open(file)?.take(MOST).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn print(decoded: &Decoded, out: &mut impl Write) -> io::Result<()> {
    let numbers: Vec<String> = decoded.packets.iter().map(ToString::to_string).collect();
    let numbers = match &numbers[..] {
        [first, .., last] => format!("{first}-{last}"),
        _ => numbers.concat(),
    };
    let said = |name: &str, number: Option<u32>| {
        number.map_or_else(String::new, |number| format!("{name} {number} "))
    };
    let (pid, fd) = (said("pid", decoded.pid), said("fd", decoded.fd));
    let ends = decoded.ends.as_ref();
    let ends = ends.map_or_else(String::new, |ends| format!("{ends} "));
    let way = decoded
        .way
        .map_or_else(String::new, |way| format!("{way} "));
    writeln!(
        out,
        "#{numbers} {pid}{fd}{ends}{way}{} bytes: {}",
        decoded.bytes,
        plain(&decoded.what)
    )?;
    for payload in &decoded.payload {
        writeln!(out, "  {}", plain(&payload.to_string()))?;
    }
    for violation in &decoded.violations {
        write!(
            out,
            "{}",
            wrapped(&format!("  VIOLATION {}", plain(&violation.to_string())))
        )?;
    }
    Ok(())
}
