package system

// MakeRunDir makes nothing: a run directory is nothing but a name here.
func MakeRunDir(string) (remove func(), err error) { return nil, nil }
