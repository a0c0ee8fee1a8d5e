// expect: undecided
#include <signal.h>
#include <string.h>
#include <unistd.h>
static const char rest[] = "a text that has many more bytes than there are between the array and the return address, by far";
static void on(int s) { char text[8]; (void)s; strcpy(text, "short"); strcat(text, rest); (void)!write(2, text, 8); _exit(1); }
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }
