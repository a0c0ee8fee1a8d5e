/* libflags: -Wl,--version-script=own_version.map */
#include <stdio.h>
#include <sys/types.h>
ssize_t send(int fd, const void *p, size_t n, int flags) { printf("%d %p %zu %d\n", fd, p, n, flags); return 0; }
