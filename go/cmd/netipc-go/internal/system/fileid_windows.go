package system

// FileID tells the file that has this name from any that had it before: pipes are no files.
func FileID(string) [2]uint64 { return [2]uint64{} }
