package service

import (
	"bytes"
	"hash/maphash"
	"reflect"

	"github.com/netipc/netipc/go/protocol"
)

// textKeeper makes items that are kept: one allocation for each, in which texts and labels that another item has are
// not copied again, and one for those that no item had. It is used with the lock of the enricher.
//
//	kept item ─▶ rooms: its new texts and labels, and those of others   texts: hash ─▶ where it is; how many have it
//
// A text that is shared keeps the room that it came in, with what else came with it, and nothing beyond: a room holds
// no pointers. Beside the item, it would keep that, and through it the rooms of all items before that shared texts.
type textKeeper[I any] struct {
	// Calls its arguments with every text and all labels of an item; nil where items have none.
	each  func(item *I, text func(*protocol.CStringView), labels func(*protocol.Labels))
	seed  maphash.Seed
	texts map[uint64]sharedText
	// Bytes of an item without texts of its own.
	itemSize int

	// What is done with the parts of an item, one method for each step, made once.
	look, place, drop partsVisitor
	// Of the item that is kept: bytes that are new, room for them, and its labels in one piece.
	fresh  int
	room   []byte
	labels []byte
}

// partsVisitor is what is done with texts and labels.
type partsVisitor struct {
	text   func(*protocol.CStringView)
	labels func(*protocol.Labels)
}

// sharedText is a text, or labels in one piece, and how many items have it.
type sharedText struct {
	bytes []byte
	items int
}

func (k *textKeeper[I]) begin(each func(item *I, text func(*protocol.CStringView), labels func(*protocol.Labels))) {
	k.each, k.seed = each, maphash.MakeSeed()
	k.itemSize = int(reflect.TypeFor[keptAnswer[I]]().Size())
	k.look = partsVisitor{k.lookForText, k.lookForLabels}
	k.place = partsVisitor{k.placeText, k.placeLabels}
	k.drop = partsVisitor{k.dropText, k.dropLabels}
	k.forgetAll()
}

// forgetAll is for when nothing is kept any more.
func (k *textKeeper[I]) forgetAll() { k.texts = map[uint64]sharedText{} }

// keep returns an answer with a copy of item.
func (k *textKeeper[I]) keep(item *I, verdict Verdict, identity uint64) *keptAnswer[I] {
	k.fresh = 0
	k.visit(item, &k.look)
	kept := &keptAnswer[I]{item: *item, verdict: verdict, identity: identity, size: uint32(k.itemSize + k.fresh)}
	if k.fresh > 0 {
		k.room = make([]byte, 0, k.fresh)
	}
	k.visit(&kept.item, &k.place)
	k.room = nil
	return kept
}

// release is for an answer that is kept no more. It is not changed: somebody may have it.
func (k *textKeeper[I]) release(kept *keptAnswer[I]) { k.visit(&kept.item, &k.drop) }

func (k *textKeeper[I]) visit(item *I, with *partsVisitor) {
	if k.each != nil {
		k.each(item, with.text, with.labels)
	}
}

// find returns where text is already.
func (k *textKeeper[I]) find(hash uint64, text []byte) (sharedText, bool) {
	shared, known := k.texts[hash]
	return shared, known && bytes.Equal(shared.bytes, text)
}

func (k *textKeeper[I]) lookForText(text *protocol.CStringView) { k.lookFor(text.Bytes()) }

func (k *textKeeper[I]) lookForLabels(labels *protocol.Labels) { k.lookFor(k.inOnePiece(labels)) }

func (k *textKeeper[I]) lookFor(text []byte) {
	if _, known := k.find(maphash.Bytes(k.seed, text), text); !known {
		k.fresh += len(text)
	}
}

func (k *textKeeper[I]) placeText(text *protocol.CStringView) {
	*text = protocol.CString(k.placed(text.Bytes()))
}

func (k *textKeeper[I]) placeLabels(labels *protocol.Labels) {
	labels.Locate(k.placed(k.inOnePiece(labels)), uint16(labels.Len()), 0)
}

// placed returns the bytes of text that are kept: those that are there, or a copy in the room of new ones.
func (k *textKeeper[I]) placed(text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	hash := maphash.Bytes(k.seed, text)
	shared, known := k.find(hash, text)
	if !known {
		start := len(k.room)
		k.room = append(k.room, text...)
		own := k.room[start:len(k.room):len(k.room)]
		if shared.items > 0 {
			// Another text has this hash: this one is not shared.
			return own
		}
		shared.bytes = own
	}
	shared.items++
	k.texts[hash] = shared
	return shared.bytes
}

func (k *textKeeper[I]) dropText(text *protocol.CStringView) { k.dropped(text.Bytes()) }

func (k *textKeeper[I]) dropLabels(labels *protocol.Labels) { k.dropped(labels.Wire()) }

func (k *textKeeper[I]) dropped(text []byte) {
	if len(text) == 0 {
		return
	}
	hash := maphash.Bytes(k.seed, text)
	shared, known := k.texts[hash]
	// One that was not shared is somewhere else.
	if !known || len(shared.bytes) != len(text) || &shared.bytes[0] != &text[0] {
		return
	}
	if shared.items--; shared.items > 0 {
		k.texts[hash] = shared
	} else {
		delete(k.texts, hash)
	}
}

// inOnePiece returns labels as they stand alone, good until the next.
func (k *textKeeper[I]) inOnePiece(labels *protocol.Labels) []byte {
	if labels.Len() == 0 {
		return nil
	}
	size := labels.EndAfter(0)
	if cap(k.labels) < size {
		k.labels = make([]byte, size)
	}
	k.labels = k.labels[:size]
	// They came from the wire, and there is room for them.
	_ = labels.Encode(k.labels, 0)
	return k.labels
}
