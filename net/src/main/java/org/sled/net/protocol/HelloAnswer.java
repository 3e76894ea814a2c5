package org.sled.net.protocol;

/** What a server may answer to HELLO: a welcome, or an error that ends the connection. */
public sealed interface HelloAnswer permits Welcome, ErrorMessage {}
