//! Answers as they travel: whole, compressed, or not at all.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use crate::wire::{Form, Malformed, Question};

/// Answers of fewer bytes are sent as they are: a packet holds them anyway.
pub const SMALL: usize = 1024;

/// Gives answers their tags: equal answers to equal requests get equal tags.
///
/// The hash has a key that is drawn when the exporter starts and never leaves it, so that nobody can make two
/// answers with one tag, and a tag of an exporter that has restarted means nothing to its successor.
#[derive(Debug, Default)]
pub struct Tagger(RandomState);

impl Tagger {
    /// The tag of `answer`; 0 for one that is not worth keeping.
    #[must_use]
    pub fn tag(&self, request: &[u8], answer: &[u8]) -> u64 {
        if answer.len() < SMALL {
            return 0;
        }
        let mut hasher = self.0.build_hasher();
        hasher.write_usize(request.len());
        hasher.write(request);
        hasher.write(answer);
        hasher.finish().max(1)
    }
}

/// How `answer` travels to who asked `question`, and its bytes then.
#[must_use]
pub fn pack(question: &Question, answer: &[u8], tag: u64) -> (Form, Vec<u8>) {
    if tag != 0 && tag == question.held {
        return (Form::Unchanged, Vec::new());
    }
    if question.takes_lz4 && answer.len() >= SMALL {
        let block = lz4_flex::block::compress(answer);
        // What hardly shrinks is not worth the other side's time.
        if block.len() < answer.len() - answer.len() / 8 {
            return (Form::Lz4, block);
        }
    }
    (Form::Plain, answer.to_vec())
}

/// Writes an answer of `len` bytes that travelled as `form` to `out`, which has room for it; `held` is the answer
/// that the asker holds.
///
/// # Errors
/// [`Malformed::Field`], where the bytes are not such an answer.
pub fn unpack(form: Form, bytes: &[u8], held: &[u8], out: &mut [u8]) -> Result<(), Malformed> {
    let wrong = Malformed::Field("the length of the payload");
    match form {
        Form::Plain | Form::Unchanged => {
            let source = if form == Form::Plain { bytes } else { held };
            if source.len() != out.len() {
                return Err(wrong);
            }
            out.copy_from_slice(source);
        }
        Form::Lz4 => {
            let len = lz4_flex::block::decompress_into(bytes, out).map_err(|_spoilt| wrong)?;
            if len != out.len() {
                return Err(wrong);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use netipc::wire::MethodCode;

    use super::*;

    fn question(held: u64, takes_lz4: bool) -> Question {
        Question {
            method: MethodCode(2),
            batch: None,
            deadline_ms: 1,
            room: 1 << 20,
            life: 0,
            claim: 1,
            held,
            takes_lz4,
        }
    }

    #[test]
    fn an_answer_travels_whole_or_not_at_all() {
        let tagger = Tagger::default();
        let (answer, noise) = (
            vec![7; 5000],
            (0..5000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()),
        );
        let noise: Vec<u8> = noise.collect();
        for answer in [&answer[..], &noise, b"", b"short"] {
            let tag = tagger.tag(b"request", answer);
            assert_eq!(tag == 0, answer.len() < SMALL);
            for lz4 in [false, true] {
                let (form, bytes) = pack(&question(0, lz4), answer, tag);
                assert_ne!(form, Form::Unchanged);
                let mut out = vec![0; answer.len()];
                unpack(form, &bytes, b"", &mut out).unwrap();
                assert_eq!(out, answer);
            }
            if tag != 0 {
                let (form, bytes) = pack(&question(tag, true), answer, tag);
                assert_eq!((form, bytes.len()), (Form::Unchanged, 0));
                let mut out = vec![0; answer.len()];
                unpack(form, &bytes, answer, &mut out).unwrap();
                assert_eq!(out, answer);
                assert_ne!(tagger.tag(b"another", answer), tag);
                assert_ne!(
                    Tagger::default().tag(b"request", answer),
                    tag,
                    "another exporter"
                );
            }
        }
    }

    #[test]
    fn what_shrinks_is_compressed_and_noise_is_not() {
        let (form, bytes) = pack(&question(0, true), &[7; 5000], 1);
        assert_eq!(form, Form::Lz4);
        assert!(bytes.len() < 200, "{}", bytes.len());
    }

    #[test]
    fn a_payload_of_another_length_is_refused() {
        let block = lz4_flex::block::compress(&[1; 2000]);
        for (form, bytes) in [
            (Form::Plain, &[1; 1999][..]),
            (Form::Unchanged, b"ignored"),
            (Form::Lz4, &block[..block.len() - 1]),
            (Form::Lz4, b""),
        ] {
            assert!(
                unpack(form, bytes, b"held", &mut [0; 2000]).is_err(),
                "{form:?}"
            );
        }
        // A block that says more than there is room for writes no more than that.
        assert!(unpack(Form::Lz4, &block, b"", &mut [0; 1000]).is_err());
        assert!(unpack(Form::Lz4, &block, b"", &mut [0; 3000]).is_err());
    }
}
