package protocol

// CgroupsRequestView is what handlers of [MethodCgroupsSnapshot] are given, by the name that some programs
// know it by.
type CgroupsRequestView = *CgroupsRequest
