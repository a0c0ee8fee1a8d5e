// expect: undecided
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
static wchar_t text[64];
volatile wchar_t mark = 1;
static void on(int s) { (void)s; wmemset(text, mark, 200); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGTERM, &a, 0); for (;;) pause(); }
