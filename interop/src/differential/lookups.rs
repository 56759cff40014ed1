//! Random requests and responses of both lookups.

use super::line::Line;
use super::messages::{count, in_room, packed, room, text};
use super::random::Random;

const UID_UNSET: u64 = 0xffff_ffff;

/// An item in the making.
#[derive(Default)]
struct Item {
    words: Line,
    /// Bytes of it.
    size: usize,
    /// Whether it may be sent as it is, and is read as it was written.
    sound: bool,
}

pub(super) fn cgroups_request(random: &mut Random) -> (Line, Option<Line>) {
    let (mut list, mut sizes, mut sound) = (Line::default(), Vec::new(), true);
    let keys = count(random);
    list.word(keys);
    for _ in 0..keys {
        let len = match random.one_in(100) {
            true => 0,
            false => random.text_len().max(1),
        };
        list.bytes(&text(random, len, &mut sound));
        sound &= len > 0;
        sizes.push(len + 1);
    }
    let needed = packed(16, sizes);
    if !sound {
        // With too little room in addition, either may be the reason to refuse it.
        let mut fields = Line::default();
        fields.word(needed).line(&list);
        return (fields, None);
    }
    in_room(random, needed, list)
}

pub(super) fn apps_request(random: &mut Random) -> (Line, Option<Line>) {
    let mut list = Line::default();
    let keys = count(random);
    list.word(keys);
    for _ in 0..keys {
        list.word(random.number(32));
    }
    in_room(random, 16 + 16 * keys, list)
}

pub(super) fn cgroups_response(random: &mut Random) -> (Line, Option<Line>) {
    let path = |random: &mut Random| {
        let len = random.text_len().max(1);
        let mut word = Line::default();
        (word.bytes(&random.text(len)).clone(), len)
    };
    response(random, path, cgroups_item)
}

pub(super) fn apps_response(random: &mut Random) -> (Line, Option<Line>) {
    let pid = |random: &mut Random| {
        let mut word = Line::default();
        (word.word(random.number(32)).clone(), 0)
    };
    response(random, pid, |random, (pid, _)| apps_item(random, pid))
}

/// A response to keys that `key` makes, of which each is answered by what `item` makes of it.
fn response(
    random: &mut Random,
    key: impl Fn(&mut Random) -> (Line, usize),
    item: impl Fn(&mut Random, &(Line, usize)) -> Item,
) -> (Line, Option<Line>) {
    let keys: Vec<_> = (0..count(random)).map(|_| key(random)).collect();
    let mut items: Vec<_> = keys.iter().map(|key| item(random, key)).collect();
    let mut sound = true;
    match random.below(60) {
        0 => {
            let other = key(random);
            items.push(item(random, &other));
            sound = false;
        }
        1 if !items.is_empty() => {
            items.pop();
            sound = false;
        }
        2 if !items.is_empty() => {
            let (at, other) = (random.below(items.len()), key(random));
            items[at] = item(random, &other);
            sound = false;
        }
        _ => {}
    }
    let (room, enough) = room(random, packed(16, items.iter().map(|item| item.size)));
    let mut rest = Line::default();
    rest.word(random.number(64)).word(items.len());
    for item in &items {
        rest.line(&item.words);
        sound &= item.sound;
    }
    let mut fields = Line::default();
    // Whether items without data are added as such, or as any other.
    fields.word(room).word(random.below(2)).word(keys.len());
    for (key, _) in &keys {
        fields.line(key);
    }
    fields.line(&rest);
    (fields, (sound && enough).then_some(rest))
}

fn cgroups_item(random: &mut Random, (path, path_len): &(Line, usize)) -> Item {
    let known = !random.one_in(4);
    let status = match known {
        true => 0,
        false => unknown_status(random, 3),
    };
    let mut sound = status == 1 || status == 2 || status == 4 || known;
    let mut words = Line::default();
    let full = known ^ random.one_in(60);
    sound &= known || !full;
    let orchestrator = if full { random.number(16) } else { 0 };
    words.word(status).word(orchestrator).line(path);
    let name = optional_text(random, full, &mut sound);
    words.bytes(&name);
    let end = 28 + path_len + name.len() + 2;
    let size = labels(random, full, end, &mut words, &mut sound);
    Item { words, size, sound }
}

fn apps_item(random: &mut Random, pid: &Line) -> Item {
    let known = !random.one_in(4);
    let (status, cgroup) = match known {
        true => (0, random.pick([0, 0, 0, 0, 1, 2, 3])),
        false => (unknown_status(random, 2), 0),
    };
    let mut sound = known || status == 1 || status == 3;
    // Which rule an item breaks that may not be sent.
    let odd = match random.one_in(20) {
        true => random.below(7),
        false => usize::MAX,
    };
    sound &= odd == usize::MAX;
    let named = (known && cgroup == 0) ^ (odd == 0);
    let path = match (known, cgroup) {
        (true, 0 | 2) => true,
        (true, 1) => random.one_in(2),
        _ => false,
    } ^ (odd == 1);
    let comm = known ^ (odd == 2);
    let numbers = known ^ (odd == 3);
    let cgroup = if odd == 4 { random.below(6) } else { cgroup };
    let mut words = Line::default();
    words.word(status).word(cgroup);
    words
        .word(if named { random.number(16) } else { 0 })
        .line(pid);
    let unset = [0, UID_UNSET, 0];
    for (unset, bits) in unset.into_iter().zip([32, 32, 64]) {
        words.word(if numbers { random.number(bits) } else { unset });
    }
    let comm = match comm {
        true if odd == 5 => random.pick([16, 16, 17, 64]),
        true => random.pick([1, 2, 5, 8, 14, 15]),
        false => 0,
    };
    let comm = text(random, comm, &mut sound);
    let path = match path {
        true => random.text_len().max(1),
        false => 0,
    };
    let path = text(random, path, &mut sound);
    let name = optional_text(random, named, &mut sound);
    words.bytes(&comm).bytes(&path).bytes(&name);
    let end = 60 + comm.len() + path.len() + name.len() + 3;
    let size = labels(random, named, end, &mut words, &mut sound);
    Item { words, size, sound }
}

/// A status of an item without data, where `exceeded` is that of a placeholder.
fn unknown_status(random: &mut Random, exceeded: u64) -> u64 {
    match random.below(16) {
        0 => exceeded,
        1 => random.number(16),
        2 => exceeded + 1,
        _ => 1,
    }
}

/// A text, or the empty one, which it has to be unless `may` is true.
fn optional_text(random: &mut Random, may: bool, sound: &mut bool) -> Vec<u8> {
    let len = match may {
        true => random.text_len(),
        false => 0,
    };
    text(random, len, sound)
}

/// Adds labels, or none unless `may` is true, to an item whose strings end at `end`; returns where
/// the labels do.
fn labels(random: &mut Random, may: bool, end: usize, words: &mut Line, sound: &mut bool) -> usize {
    let count = match may {
        false => 0,
        // One more than the wire can tell.
        true if random.one_in(20_000) => 65_536,
        true if random.one_in(3) => 0,
        true => random.below(6),
    };
    words.word(count);
    let mut end = match count {
        0 => end,
        _ => end.next_multiple_of(8) + 16 * count,
    };
    for _ in 0..count {
        let (key, value) = match count {
            65_536 => (1, 0),
            _ => (random.text_len(), random.text_len()),
        };
        let key = if random.one_in(150) { 0 } else { key.max(1) };
        *sound &= key > 0 && count < 65_536;
        let (key, value) = (text(random, key, sound), text(random, value, sound));
        words.bytes(&key).bytes(&value);
        end += key.len() + value.len() + 2;
    }
    end
}
