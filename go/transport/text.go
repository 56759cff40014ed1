package transport

// What logs and JSON show of the package's values is what people read.

// MarshalText returns what [Endpoint.String] does.
func (e Endpoint) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// MarshalText returns what [LinkKind.String] does.
func (k LinkKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// MarshalText returns what [Peer.String] does.
func (p Peer) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
