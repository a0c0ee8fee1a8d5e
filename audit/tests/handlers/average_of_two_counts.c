// expect: undecided
// The handler divides one number by another, which the program raises one after the other.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static unsigned long items, bytes;
static void handler(int s) {
    int keep = errno;
    char text[24];
    int at = sizeof text;
    unsigned long n = items ? bytes / items : 0;
    (void)s;
    text[--at] = '\n';
    do { text[--at] = (char)('0' + n % 10); n /= 10; } while (n && at > 0);
    write(2, text + at, sizeof text - (size_t)at);
    errno = keep;
}
int main(void) {
    static char buffer[4096];
    ssize_t n;
    signal(SIGUSR1, handler);
    while ((n = read(0, buffer, sizeof buffer)) > 0) { items++; bytes += (unsigned long)n; }
    return 0;
}
