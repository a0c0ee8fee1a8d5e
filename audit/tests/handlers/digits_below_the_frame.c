// expect: undecided
// Puts a number together from the end of an array of four bytes: the first digits lie below the frame.
#include <errno.h>
#include <signal.h>
#include <unistd.h>
static volatile unsigned long blocks;
static void report(int s) {
    char text[4], *at = text + sizeof text;
    unsigned long n = blocks;
    int saved = errno;
    (void)s;
    do *--at = (char)('0' + n % 10); while (n /= 10);
    write(2, at, (size_t)(text + sizeof text - at));
    errno = saved;
}
int main(void) {
    static char block[65536];
    signal(SIGUSR1, report);
    while (read(0, block, sizeof block) > 0) blocks++;
    return 0;
}
