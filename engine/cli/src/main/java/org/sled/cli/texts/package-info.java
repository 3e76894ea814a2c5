/** What the target alone says, and prompts to ask for. */
package org.sled.cli.texts;
