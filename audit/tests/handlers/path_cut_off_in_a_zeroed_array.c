// expect: pass
// The last byte of the array stays zero.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static char name[64] = "a name that may be long";
static void on(int s) { (void)s; int e = errno; char b[8] = ""; strncpy(b, name, sizeof b - 1); (void)!write(2, b, strlen(b)); errno = e; }
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }
