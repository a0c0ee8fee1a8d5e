// expect: undecided
// If the program's name is too long, strncpy leaves no end, and open reads on.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static char name[64] = "a name that may be long";
static void on(int s) { (void)s; int e = errno; char b[16]; strncpy(b, name, sizeof b); int fd = open(b, O_RDONLY); if (fd >= 0) close(fd); errno = e; }
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }
