//! Caches of snapshots and of lookups.

use std::fmt::Write;

use super::names::{Go, local};
use super::service::argument;
use super::snapshot::header;
use super::types::{go_name, go_type, write_fields};
use crate::doc::sentences;
use crate::model::{Field, KeyForm, Kind, LookupKind, Type};

/// The cache of a package of its own, if the schema wants one.
pub(super) fn write(out: &mut String, go: &Go<'_>) {
    match &go.schema.kind {
        Kind::Lookup(kind) if kind.cached => of_lookup(out, go, kind),
        Kind::Snapshot(_) => out.push_str(&of_snapshot(go)),
        Kind::Lookup(_) | Kind::Value(_) => {}
    }
}

fn of_lookup(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    let (named, _) = argument(go, kind);
    let field = kind.alone().map(go_name).unwrap_or_default();
    let (comparable, of_item) = match (kind.form(), kind.alone()) {
        (KeyForm::Text, Some(_)) => ("string".to_owned(), format!("item.{field}.String()")),
        (_, Some(one)) => (go_type(go, one), format!("item.{field}")),
        _ => ("Key".to_owned(), "item.Key()".to_owned()),
    };
    let same = match kind.form() {
        KeyForm::Text => format!("string(item.{field}.Bytes()) == key"),
        _ => format!("{of_item} == key"),
    };
    let hash = kind.alone().map_or_else(
        || hash_of(kind.key.named(), "key."),
        |field| hash_of_number(&field.form, "key"),
    );
    let names: [(&str, &str); 5] = [
        ("$comparable", &comparable),
        ("$named", &named),
        ("$ofItem", &of_item),
        ("$same", &same),
        ("$hash", hash.as_deref().unwrap_or(NO_HASH)),
    ];
    out.push_str(&go.fill(LOOKUP, &names));
}

/// The cache of a snapshot; nothing where the schema wants none.
pub(super) fn of_snapshot(go: &Go<'_>) -> String {
    let Kind::Snapshot(kind) = &go.schema.kind else {
        return String::new();
    };
    let find = |name: &String| kind.item.named().find(|field| field.is(name));
    let keys: Vec<&Field> = kind.cache.iter().filter_map(find).collect();
    if keys.is_empty() {
        return String::new();
    }
    let (mut key, mut owned) = (String::new(), String::new());
    owned_fields(&mut key, go, keys.iter().copied());
    owned_fields(&mut owned, go, kind.item.named());
    let parameters = keys
        .iter()
        .map(|field| format!("{} {}", local(field), owned_type(go, field)));
    let arguments: Vec<String> = keys.iter().map(|field| local(field)).collect();
    let of_item = keys.iter().map(|field| owned_value(field));
    let of_item: Vec<String> = of_item.collect();
    let same = keys.iter().map(|field| {
        let name = go_name(field);
        match field.form {
            Type::Text => format!("string(item.{name}.Bytes()) == key.{name}"),
            _ => format!("item.{name} == key.{name}"),
        }
    });
    let copied: Vec<String> = kind.item.named().map(owned_value).collect();
    let hash = hash_of(keys.iter().copied(), "key.");
    let mut getters = String::new();
    for field in header(kind).named() {
        let _ = write!(
            getters,
            "\n// {0} tells what the snapshot says besides its items: {1}\nfunc (g *Guard) {0}() {2} {{ return g.Header().{0} }}\n",
            go_name(field),
            crate::generate::names::lower_sentence(&sentences(field)),
            go_type(go, field)
        );
    }
    let names: [(&str, &str); 9] = [
        ("$parameters", &parameters.collect::<Vec<_>>().join(", ")),
        ("$arguments", &arguments.join(", ")),
        ("$keyFields", &key),
        ("$ownedFields", &owned),
        ("$ofItem", &of_item.join(", ")),
        ("$copied", &copied.join(", ")),
        ("$same", &same.collect::<Vec<_>>().join(" && ")),
        ("$getters", &getters),
        ("$hash", hash.as_deref().unwrap_or(NO_HASH)),
    ];
    let template = if go.is_library() {
        SNAPSHOT
            .replace("Read$PItem", "protocol.Read$PItem")
            .replace("Decode$PItem", "protocol.Decode$PItem")
    } else {
        SNAPSHOT.to_owned()
    };
    go.fill(&template, &names)
}

/// Fields that hold what they say themselves.
fn owned_fields<'f>(out: &mut String, go: &Go<'_>, fields: impl Iterator<Item = &'f Field>) {
    let fields: Vec<&Field> = fields.collect();
    let mut text = String::new();
    write_fields(&mut text, go, fields.into_iter());
    out.push_str(&text.replace(" protocol.CStringView", " string"));
}

fn owned_type(go: &Go<'_>, field: &Field) -> String {
    match field.form {
        Type::Text => "string".to_owned(),
        _ => go_type(go, field),
    }
}

/// A field of an item as one that holds what it says itself.
fn owned_value(field: &Field) -> String {
    let name = go_name(field);
    match field.form {
        Type::Text => format!("{name}: item.{name}.String()"),
        _ => format!("{name}: item.{name}"),
    }
}

/// What a cache does where a key has no number.
const NO_HASH: &str = "0";

/// A number of the key that tells most keys apart, if it has one.
fn hash_of<'f>(fields: impl Iterator<Item = &'f Field>, of: &str) -> Option<String> {
    let widest = fields
        .filter(|field| matches!(field.form, Type::Unsigned(_) | Type::Signed(_)))
        .max_by_key(|field| field.form.size())?;
    hash_of_number(&widest.form, &format!("{of}{}", go_name(widest)))
}

fn hash_of_number(form: &Type, value: &str) -> Option<String> {
    match form {
        Type::Unsigned(4) => Some(value.to_owned()),
        Type::Unsigned(8) | Type::Signed(8) => {
            Some(format!("uint32({value}) ^ uint32(uint64({value})>>32)"))
        }
        Type::Unsigned(_) | Type::Signed(_) => Some(format!("uint32({value})")),
        _ => None,
    }
}

const LOOKUP: &str = "
// Cache keeps what was found for the keys of interest.
type Cache = service.Cache[$comparable, Item]

// NewCache returns a cache around client, which is the cache's own from now on, that looks up keys.
func NewCache(client *Client, keys []$named) *Cache {
	return service.NewLookupCache(client, keys, cachedItems)
}

var cachedItems = service.CachedItems[$comparable, Item]{
	Decode: func(bytes []byte) (item Item, err error) {
		if err = checkItem(bytes); err == nil {
			item.read(bytes)
		}
		return item, err
	},
	View: func(valid protocol.Valid[Item]) (item Item) {
		item.Read(valid)
		return item
	},
	Key: func(item Item) $comparable { return $ofItem },
	// A cache hashes keys itself where many have the same hash.
	Hash: func(key $comparable) uint32 { return $hash },
	Match: func(valid protocol.Valid[Item], key $comparable) (item Item, found bool) {
		item.Read(valid)
		return item, $same
	},
}
";

const SNAPSHOT: &str = "
// CacheItem is an item of a snapshot that outlives its cache.
type CacheItem struct {
$ownedFields
}

// Key is what a cache finds an item by.
type Key struct {
$keyFields
}

// Cache keeps the last good snapshot.
type Cache struct {
	*service.Cache[Key, $Item]
}

// NewCache returns a cache of the endpoint name in runDir. It connects to nothing yet.
func NewCache(runDir, name string, config ClientConfig) *Cache {
	client := service.NewClient(&Service, runDir, name, config)
	return &Cache{service.NewCache(client, $Request{}, cached)}
}

// Lookup returns a copy of the first item with this key; false where there is none.
func (c *Cache) Lookup($parameters) (CacheItem, bool) {
	guard := c.ReadLock()
	item, found := guard.Get($arguments)
	if !found {
		return CacheItem{}, false
	}
	return guard.Dup(item), true
}

// ReadLock pins the snapshot of this moment. It locks nothing: no refresh waits for it.
func (c *Cache) ReadLock() Guard { return Guard{c.Cache.ReadLock()} }

// Status tells what the cache holds, and how its refreshes went. It never waits for one.
func (c *Cache) Status() CacheStatus {
	guard := c.ReadLock()
	return CacheStatus{CacheStatus: c.Cache.Status(), $HeaderName: guard.Header()}
}

// CacheStatus is what a cache holds, and how its refreshes went.
type CacheStatus struct {
	service.CacheStatus
	$Header
}

// Guard is the snapshot of one moment, pinned. The zero value has no items.
type Guard struct {
	service.Guard[Key, $Item]
}

// Get returns the first item with this key; false where there is none. Memory only, and nothing is copied or
// allocated.
func (g *Guard) Get($parameters) ($Item, bool) {
	return g.Guard.Get(Key{$arguments})
}

// Header returns what the snapshot says besides its items; zeros while there is none.
func (g *Guard) Header() $Header {
	header, _ := g.Extra().($Header)
	return header
}
$getters
// Dup returns a copy of item that does not hold the snapshot's memory.
func (g *Guard) Dup(item $Item) CacheItem {
	return CacheItem{$copied}
}

var cached = service.Cached[$Reply, Key, $Item]{
	Fetched: func(reply $Reply) service.Fetched {
		return service.Fetched{Generation: reply.Generation, Extra: reply.$HeaderName, List: reply.List()}
	},
	Items: service.CachedItems[Key, $Item]{
		Decode: Decode$PItem,
		View: Read$PItem,
		Key: func(item $Item) Key { return Key{$ofItem} },
		// A cache hashes keys itself where many have the same hash.
		Hash: func(key Key) uint32 { return $hash },
		Match: func(valid protocol.Valid[$Item], key Key) ($Item, bool) {
			item := Read$PItem(valid)
			return item, $same
		},
	},
}
";
