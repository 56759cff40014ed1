package system

// UsualRunDir returns where endpoints are unless somebody says otherwise; false where that cannot be
// told.
func UsualRunDir(getenv func(string) (string, bool)) (string, bool) {
	if dir, _ := getenv("LOCALAPPDATA"); dir != "" {
		return dir + `\netipc`, true
	}
	return "", false
}

// RunDirHelp says what the usual run directory is, and what to do where there is none.
const (
	RunDirHelp = `%LOCALAPPDATA%\netipc`
	NoRunDir   = "there is no usual run directory without LOCALAPPDATA: give --run-dir"
)
