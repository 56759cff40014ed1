package cgroups_snapshot

// SimpleHash is the hash of names that producers use: 32-bit FNV-1a.
func SimpleHash(name string) uint32 {
	hash := uint32(0x811c_9dc5)
	for i := range len(name) {
		hash = (hash ^ uint32(name[i])) * 0x0100_0193
	}
	return hash
}
