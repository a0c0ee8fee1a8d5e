// expect: pass
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void on(int s) {
    int keep = errno;
    char text[64];
    strcpy(text, "signal ");
    strcat(text, s == SIGTERM ? "TERM" : "other");
    strcat(text, "\n");
    (void)!write(2, text, strlen(text));
    errno = keep;
}
int main(void) { signal(SIGUSR1, on); signal(SIGTERM, on); for (;;) pause(); }
