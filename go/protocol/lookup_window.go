package protocol

// LookupWindow is as many keys from the front of a list as one request and its likely reply hold.
type LookupWindow struct {
	// Keys is the number of keys in it.
	Keys int
	// Bytes is the bytes of the request that asks for them.
	Bytes int
}

// LookupWindowLimits is what a window may take.
type LookupWindowLimits struct {
	// Keys is the number of keys.
	Keys int
	// Request is the bytes of the request.
	Request int
	// Reply is the bytes of the reply.
	Reply int
	// Item is the bytes of an item, as the last reply had them.
	Item int
}

// FillLookupWindow fills a window from keys, with at least one where one fits a request.
func FillLookupWindow[K LookupKey[K], I LookupItem[K, I]](keys []K, limits LookupWindowLimits) LookupWindow {
	window := LookupWindow{Bytes: LookupHeaderLen}
	// A reply keeps a placeholder free for every key: without slack, items only a little larger than
	// expected would leave room for next to none of them.
	planned := limits.Reply / 5 * 4
	var item I
	// Bytes of the packed keys, and of the whole reply, both without directory.
	packed, reply := 0, 0
	for _, key := range keys[:max(0, min(len(keys), limits.Keys))] {
		packed = align8(packed) + key.Size()
		reply = align8(reply) + max(item.ReplyEstimate(key), limits.Item)
		front := LookupHeaderLen + (window.Keys+1)*EntryLen
		if front+packed > limits.Request || window.Keys > 0 && front+reply > planned {
			break
		}
		window = LookupWindow{Keys: window.Keys + 1, Bytes: front + packed}
	}
	return window
}

// LookupReplyWithSlack returns the bytes of a reply to ask for, when likely bytes are expected.
func LookupReplyWithSlack(likely int) int { return likely + likely/4 + 5 }
