// truth: unsafe: SIGALRM takes the due timers out of a list into which the program links new ones
#include "corpus.h"
struct timer { struct timer *next; int due; };
static struct timer *volatile head; static volatile int fired; static volatile int now;
static void handler(int s) { (void)s; now++; while (head && head->due <= now) { fired++; head = head->next; } alarm(1); }
int main(void) { static struct timer t[64]; INSTALL(SIGALRM, handler); alarm(1); for (int i = 0; i < 64; i++) { t[i].due = i; t[i].next = head; head = &t[i]; usleep(1000); } for (;;) pause(); }
