/* A config.json that has every field of every table, with values that can be told apart.
 * Single quotes stand for double ones; cpod_test_json puts them right. */
#ifndef CPOD_TEST_OCI_SPEC_EXAMPLE_H
#define CPOD_TEST_OCI_SPEC_EXAMPLE_H

#include "src/base/json.h"

#include <cmocka.h>
#include <string.h>

static const char full_example[] =
"{\n"
" 'ociVersion': '1.3.0-rc.1+build.5',\n"
" 'process': {\n"
"  'terminal': true,\n"
"  'consoleSize': {'height': 25, 'width': 80},\n"
"  'user': {'uid': 1000, 'gid': 1001, 'umask': 18, 'additionalGids': [5, 4294967294], 'username': 'w'},\n"
"  'args': ['/bin/sh', '-c', 'true'],\n"
"  'commandLine': 'w',\n"
"  'env': ['PATH=/bin', 'EMPTY=', 'TWO=a=b\\nc'],\n"
"  'cwd': '/root',\n"
"  'capabilities': {'bounding': ['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE'], 'permitted': ['CAP_KILL'],\n"
"   'effective': ['CAP_SETUID'], 'inheritable': ['CAP_SETGID'], 'ambient': ['CAP_BPF']},\n"
"  'rlimits': [{'type': 'RLIMIT_NOFILE', 'soft': 1024, 'hard': 18446744073709551615},\n"
"   {'type': 'RLIMIT_CORE', 'soft': 0, 'hard': 0}],\n"
"  'noNewPrivileges': true,\n"
"  'apparmorProfile': 'acme',\n"
"  'oomScoreAdj': -1000,\n"
"  'scheduler': {'policy': 'SCHED_DEADLINE', 'nice': -20, 'priority': 99,\n"
"   'flags': ['SCHED_FLAG_RECLAIM'], 'runtime': 1, 'deadline': 2, 'period': 3},\n"
"  'selinuxLabel': 'system_u:system_r:svirt_lxc_net_t:s0:c124,c675',\n"
"  'ioPriority': {'class': 'IOPRIO_CLASS_IDLE', 'priority': 7},\n"
"  'execCPUAffinity': {'initial': '0-3,7', 'final': '2'}\n"
" },\n"
" 'root': {'path': 'rootfs', 'readonly': true},\n"
" 'hostname': 'slartibartfast',\n"
" 'domainname': 'example.org',\n"
" 'mounts': [\n"
"  {'destination': '/proc', 'type': 'proc', 'source': 'proc', 'options': ['nosuid', 'ro'],\n"
"   'uidMappings': [{'containerID': 0, 'hostID': 100000, 'size': 65536}],\n"
"   'gidMappings': [{'containerID': 1, 'hostID': 100001, 'size': 65535}]},\n"
"  {'destination': '/tmp'}],\n"
" 'hooks': {\n"
"  'prestart': [{'path': '/a', 'args': ['a', 'b'], 'env': ['K=V'], 'timeout': 30}],\n"
"  'createRuntime': [{'path': '/b'}], 'createContainer': [{'path': '/c'}],\n"
"  'startContainer': [{'path': '/d'}], 'poststart': [{'path': '/e'}], 'poststop': [{'path': '/f'}]},\n"
" 'annotations': {'org.example.key': 'value', 'empty': ''},\n"
" 'linux': {\n"
"  'namespaces': [{'type': 'pid', 'path': '/proc/1/ns/pid'}, {'type': 'mount'}, {'type': 'network'},\n"
"   {'type': 'ipc'}, {'type': 'uts'}, {'type': 'cgroup'}, {'type': 'user'}, {'type': 'time'}],\n"
"  'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 1}],\n"
"  'gidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 1}],\n"
"  'timeOffsets': {'monotonic': {'secs': -172800, 'nanosecs': 999999999}, 'boottime': {}},\n"
"  'devices': [{'type': 'c', 'path': '/dev/fuse', 'major': 10, 'minor': 229, 'fileMode': 438,\n"
"    'uid': 7, 'gid': 8},\n"
"   {'type': 'p', 'path': '/dev/fifo'}, {'type': 'b', 'path': '/dev/sda', 'major': 8, 'minor': 0}],\n"
"  'netDevices': {'eth0': {'name': 'container0'}},\n"
"  'cgroupsPath': '/my/container',\n"
"  'resources': {\n"
"   'devices': [{'allow': false, 'type': 'a', 'major': -1, 'minor': -1, 'access': 'rwm'}],\n"
"   'memory': {'limit': 1048576, 'reservation': -1, 'swap': 2097152, 'kernel': 5, 'kernelTCP': 6,\n"
"    'swappiness': 100, 'disableOOMKiller': true, 'useHierarchy': true, 'checkBeforeUpdate': true},\n"
"   'cpu': {'shares': 1024, 'quota': 1000000, 'burst': 1000000, 'period': 500000, 'realtimeRuntime': 950000,\n"
"    'realtimePeriod': 1000000, 'cpus': '2-3', 'mems': '0-7', 'idle': 1},\n"
"   'pids': {'limit': 32771},\n"
"   'blockIO': {'weight': 10, 'leafWeight': 1000,\n"
"    'weightDevice': [{'major': 8, 'minor': 0, 'weight': 500, 'leafWeight': 300}],\n"
"    'throttleReadBpsDevice': [{'major': 8, 'minor': 1, 'rate': 600}],\n"
"    'throttleWriteBpsDevice': [{'major': 8, 'minor': 2, 'rate': 601}],\n"
"    'throttleReadIOPSDevice': [{'major': 8, 'minor': 3, 'rate': 602}],\n"
"    'throttleWriteIOPSDevice': [{'major': 8, 'minor': 4, 'rate': 18446744073709551615}]},\n"
"   'hugepageLimits': [{'pageSize': '2MB', 'limit': 209715200}],\n"
"   'network': {'classID': 1048577, 'priorities': [{'name': 'eth0', 'priority': 500}]},\n"
"   'rdma': {'mlx5_1': {'hcaHandles': 3, 'hcaObjects': 10000}},\n"
"   'unified': {'memory.high': '1048576'}\n"
"  },\n"
"  'rootfsPropagation': 'rslave',\n"
"  'seccomp': {\n"
"   'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38,\n"
"   'architectures': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],\n"
"   'flags': ['SECCOMP_FILTER_FLAG_LOG'],\n"
"   'listenerPath': '/run/agent.sock', 'listenerMetadata': 'opaque',\n"
"   'syscalls': [{'names': ['getcwd', 'chmod'], 'action': 'SCMP_ACT_TRACE', 'errnoRet': 13,\n"
"    'args': [{'index': 5, 'value': 18446744073709551615, 'valueTwo': 2, 'op': 'SCMP_CMP_MASKED_EQ'}]}]\n"
"  },\n"
"  'maskedPaths': ['/proc/kcore'],\n"
"  'readonlyPaths': ['/proc/sys', '/proc/bus'],\n"
"  'mountLabel': 'system_u:object_r:svirt_sandbox_file_t:s0',\n"
"  'intelRdt': {'closID': 'group', 'schemata': ['L3:0=7f0'], 'l3CacheSchema': 'L3:0=1', 'memBwSchema': 'MB:0=20',\n"
"   'enableMonitoring': true, 'enableCMT': true, 'enableMBM': true},\n"
"  'personality': {'domain': 'LINUX32', 'flags': []},\n"
"  'sysctl': {'net.ipv4.ip_forward': '1', 'net/ipv4/conf/eth0.5/forwarding': '1'},\n"
"  'memoryPolicy': {'mode': 'MPOL_INTERLEAVE', 'nodes': '0-1', 'flags': ['MPOL_F_STATIC_NODES']}\n"
" },\n"
" 'solaris': {'a': 1}, 'windows': {'b': 2}, 'vm': {'c': 3}, 'zos': {'d': 4}, 'freebsd': {'e': 5}\n"
"}\n";

/* Parses text, in which ' stands for ". Fails the test when it is not JSON. */
static inline struct cpod_json *
cpod_test_json (struct cpod_arena *arena, const char *text)
{
	char *copy = cpod_arena_strdup (arena, text), *c;
	struct cpod_error err = { 0 };
	struct cpod_json *root = NULL;

	assert_non_null (copy);
	for (c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (cpod_json_parse ("config.json", copy, strlen (copy), 0, arena, &root, &err) < 0)
		fail_msg ("%s", err.message);
	return root;
}

#endif
