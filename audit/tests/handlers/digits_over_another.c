// expect: undecided
// Puts a number together from the end of an array that is too short for it: the first digits go over what lies before.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static volatile unsigned long blocks;
static struct { int fd; char name[12]; } log_file = {2, "log"};
static void report(int s) {
    struct { char prefix[12]; char text[8]; } line;
    char *at = line.text + sizeof line.text;
    unsigned long n = blocks;
    int saved = errno;
    (void)s;
    memcpy(line.prefix, log_file.name, sizeof line.prefix);
    *--at = '\n';
    do *--at = (char)('0' + n % 10); while (n /= 10);
    write(log_file.fd, line.prefix, 4);
    write(log_file.fd, at, (size_t)(line.text + sizeof line.text - at));
    errno = saved;
}
int main(void) {
    static char block[65536];
    signal(SIGUSR1, report);
    while (read(0, block, sizeof block) > 0) blocks++;
    return 0;
}
