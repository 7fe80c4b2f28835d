/** A style sheet that comes with a part which is loaded on demand; vite makes a file of it. */
declare module '*.css';
